//! What the server writes to a WebSocket: frames pass as they are, but for answers to CONNECT.
//!
//! The writer above hands over whole frames, many at once, and only their first bytes are looked
//! at. It may hand over any part of one all the same: nothing depends on it but speed.

use super::{
    frame::{self, Header},
    outlet::is_mark,
    packet,
    session::Session,
};
use crate::{msgpack, settings::Parser};

/// Where the stream of frames is, as far as it was written.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// Bytes of a frame that passes, which are still to come.
    left: u64,
    /// The beginning of a frame that may have to be rewritten.
    gathered: Vec<u8>,
    /// A frame that is ready to be written, before anything else.
    ready: Vec<u8>,
    /// How much of it has been.
    written: usize,
    /// Whether the last frame is there; nothing is written behind it.
    ended: bool,
    parser: Parser,
    /// Whether the service's first ping is still to come, which is not written.
    awaits_ping: bool,
    /// Whether it has come, and is to be answered.
    owes_pong: bool,
    /// Whether a mark may come, which is not written.
    pub(super) expects_mark: bool,
    /// Whether one has.
    mark_came: bool,
}

/// How much of some bytes passes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passing {
    pub(super) length: usize,
    left: u64,
    packets: u64,
}

impl Outgoing {
    pub(super) fn of(session: &Session) -> Self {
        let (parser, awaits_ping) = (session.parser(), session.awaits_ping());
        Self { parser, awaits_ping, ..Self::default() }
    }

    /// How many of `bytes` can be written as they are. None of them: then [`Self::gather`] them.
    pub(super) fn passing(&self, bytes: &[u8]) -> Passing {
        if !self.gathered.is_empty() {
            return Passing { length: 0, left: 0, packets: 0 };
        }
        let (mut end, mut packets) = (self.left, 0);
        while let Some(rest) = rest(bytes, end) {
            let Some(header) = Header::read(rest).filter(|it| self.passes(*it, rest)) else {
                return Passing { length: end as usize, left: 0, packets };
            };
            packets += u64::from(header.is_data());
            end = end.saturating_add(header.total());
        }
        Passing { length: bytes.len(), left: end - bytes.len() as u64, packets }
    }

    /// Whether a frame is certain to stay as it is, by what there is of it.
    fn passes(&self, header: Header, bytes: &[u8]) -> bool {
        if self.parser == Parser::Msgpack && header.is_binary() {
            // One that is too short to tell is gathered, and then stays as it is.
            let packet = bytes.get(header.header..).unwrap_or_default();
            return msgpack::answers_connect(packet) == Some(false);
        }
        if !header.is_text() || header.payload < 2 {
            return !(self.awaits_ping && header.is_text() && header.payload == 1);
        }
        let Some(packet) = bytes.get(header.header..) else { return false };
        if self.expects_mark && packet.starts_with(b"42") {
            let whole = usize::try_from(header.payload).ok().and_then(|it| packet.get(..it));
            return whole.is_some_and(|it| !is_mark(it));
        }
        packet.len() >= 2 && !packet::answers_connect(packet)
    }

    /// Notes that the first `count` of `bytes` were written, which were found to be `passing`.
    /// Tells how many packets begin there.
    pub(super) fn wrote(&mut self, bytes: &[u8], passing: Passing, count: usize) -> u64 {
        if count == passing.length {
            self.left = passing.left;
            return passing.packets;
        }
        let (mut end, mut packets) = (self.left, 0);
        while end < count as u64
            && let Some(header) = rest(bytes, end).and_then(Header::read)
        {
            packets += u64::from(header.is_data());
            end = end.saturating_add(header.total());
        }
        self.left = end.saturating_sub(count as u64);
        packets
    }

    /// Ends the stream by a frame that closes the WebSocket, or by nothing in the middle of
    /// another one.
    pub(super) fn end(&mut self, close: &[u8]) {
        self.ended = true;
        if self.left == 0 && self.gathered.is_empty() {
            self.ready.extend_from_slice(close);
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Takes what belongs to the frame that does not pass, and tells how much that is. When all
    /// of the frame is there, it is [ready](Self::ready) as `session` wants it.
    pub(super) fn gather(&mut self, bytes: &[u8], session: &Session) -> usize {
        let before = self.gathered.len();
        self.gathered.extend_from_slice(bytes);
        let Some(header) = Header::read(&self.gathered) else { return bytes.len() };
        if header.total() > self.gathered.len() as u64 {
            return bytes.len();
        }
        self.gathered.truncate(header.total() as usize);
        let taken = self.gathered.len() - before;
        let frame = std::mem::take(&mut self.gathered);
        if self.awaits_ping && is_ping(header, &frame) {
            self.awaits_ping = false;
            // That of a session that polled before may have been answered there.
            self.owes_pong = session.take_first_ping();
            self.ready = if self.owes_pong { Vec::new() } else { frame };
            return taken;
        }
        if self.expects_mark && header.is_text() && is_mark(&frame[header.header..]) {
            self.mark_came = true;
            return taken;
        }
        // Only a packet of this parser is looked at further: what was announced is told once.
        let packet = &frame[header.header..];
        let rewritten = match self.parser {
            Parser::Default if header.is_text() => {
                packet::rewritten(packet, session).map(|it| frame::text(&it))
            }
            Parser::Msgpack if header.is_binary() => {
                packet::rewritten_msgpack(packet, session).map(|it| frame::binary(&it))
            }
            _ => None,
        };
        self.ready = rewritten.unwrap_or(frame);
        taken
    }

    /// Length of the mark that `bytes` begin with, if it is one, and whole.
    pub(super) fn mark(&self, bytes: &[u8]) -> Option<usize> {
        let begins = self.left == 0 && self.gathered.is_empty();
        let header = Header::read(bytes).filter(|it| begins && it.is_text())?;
        let total = usize::try_from(header.total()).ok()?;
        is_mark(bytes.get(header.header..total)?).then_some(total)
    }

    /// Whether a mark has come since the last time.
    pub(super) fn take_mark(&mut self) -> bool {
        std::mem::take(&mut self.mark_came)
    }

    /// Whether the rest of a frame is still to be written before anything else can be.
    pub(super) fn is_within_frame(&self) -> bool {
        self.left > 0 || !self.ready.is_empty()
    }

    /// Bytes of the last frame that are still to come.
    pub(super) fn lacking(&self) -> usize {
        usize::try_from(self.left).unwrap_or(usize::MAX)
    }

    /// Whether the service waits for the answer to a ping that was not written.
    pub(super) fn owes_pong(&self) -> bool {
        self.owes_pong
    }

    /// Whether it does, or may from now on.
    pub(super) fn may_owe_pong(&self) -> bool {
        self.awaits_ping || self.owes_pong
    }

    /// Notes that the service has been answered.
    pub(super) fn gave_pong(&mut self) {
        self.owes_pong = false;
    }

    /// What is to be written before anything else.
    pub(super) fn ready(&self) -> &[u8] {
        &self.ready[self.written..]
    }

    /// Notes that so much of it was written.
    pub(super) fn wrote_ready(&mut self, count: usize) {
        self.written += count;
        if self.written == self.ready.len() {
            // Empty for the rest of the connection, so it should take no room.
            (self.ready, self.written) = (Vec::new(), 0);
        }
    }
}

/// Whether a frame is a ping of Engine.IO.
fn is_ping(header: Header, frame: &[u8]) -> bool {
    header.is_text() && header.payload == 1 && frame.get(header.header) == Some(&b'2')
}

/// What begins at `start`, if that is within `bytes`.
fn rest(bytes: &[u8], start: u64) -> Option<&[u8]> {
    bytes.get(usize::try_from(start).ok()?..).filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{Announced, PublicId};

    /// Writes `chunks`, of which the other side takes at most `most` bytes at once.
    fn write<'a>(
        chunks: impl Iterator<Item = &'a [u8]>,
        most: usize,
        session: &Session,
    ) -> Vec<u8> {
        let (mut outgoing, mut written) = (Outgoing::of(session), Vec::new());
        for mut bytes in chunks {
            while !bytes.is_empty() {
                let ready = outgoing.ready().len();
                if ready > 0 {
                    let count = ready.min(most);
                    written.extend_from_slice(&outgoing.ready()[..count]);
                    outgoing.wrote_ready(count);
                    continue;
                }
                let passing = outgoing.passing(bytes);
                let count = match passing.length {
                    0 => outgoing.gather(bytes, session),
                    length => {
                        let count = length.min(most);
                        written.extend_from_slice(&bytes[..count]);
                        outgoing.wrote(bytes, passing, count);
                        count
                    }
                };
                bytes = &bytes[count..];
            }
        }
        written.extend_from_slice(outgoing.ready());
        written
    }

    #[test]
    fn connect_is_rewritten_however_the_frames_are_cut() {
        let event = frame::text(&format!("42[\"news\",\"{}\"]", "40".repeat(200)));
        let frames = [
            frame::text("0{}"),
            frame::text("6"),
            frame::text("2"),
            frame::text(""),
            frame::text("2"),
            vec![0x82, 2, b'4', b'0'],
            frame::text(r#"40{"sid":"engine"}"#),
            event,
            frame::text(r#"40/chat,{"sid":"engine"}"#),
            vec![0x88, 2, 3, 0xe8],
        ];
        let sent = frames.concat();
        for most in [1, 2, 3, 7, 64, 1_000] {
            for size in [1, 2, 3, 5, 11, 127, 4_096] {
                let (session, id) = (Session::default(), PublicId::random());
                session.announce("/", Announced::Connected(id.clone(), None));
                let mut expected = frames.clone();
                // The first ping is not told.
                expected[2].clear();
                expected[6] = frame::text(&format!(r#"40{{"sid":"{id}"}}"#));
                let written = write(sent.chunks(size), most, &session);
                assert_eq!(written, expected.concat(), "chunks of {size}, {most} at once");
            }
        }
    }
}
