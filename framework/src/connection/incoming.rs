//! What a client writes to a WebSocket: frames are counted, and one that is too large is found
//! by its header, before the rest of it is there.

use super::frame::Header;

/// Where the stream of frames is, as far as it was read.
#[derive(Debug)]
pub(super) struct Incoming {
    /// Largest message, in bytes.
    limit: u64,
    /// The beginning of a header that is not all there.
    head: [u8; MAX_HEAD],
    have: usize,
    /// Bytes of the frame that are still to come.
    left: u64,
    /// Length of the message so far, which may come in several frames.
    message: u64,
    /// Whether further frames of it are to come.
    goes_on: bool,
}

/// Bytes after which a frame's length is known.
const MAX_HEAD: usize = 10;

/// What was found in some bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Messages that begin there.
    pub(super) packets: u64,
    /// Where the frame begins by which a message becomes too large. Nothing is found behind it.
    pub(super) too_large: Option<usize>,
    /// Where the first text begins, if that is there.
    pub(super) text: Option<usize>,
    /// Whether the client closes the WebSocket.
    pub(super) closes: bool,
}

impl Incoming {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit: limit as u64,
            head: [0; MAX_HEAD],
            have: 0,
            left: 0,
            message: 0,
            goes_on: false,
        }
    }

    /// Looks at bytes, of which each comes by once.
    pub(super) fn look_at(&mut self, bytes: &[u8]) -> Found {
        let (mut found, mut at) = (Found::default(), 0);
        while at < bytes.len() {
            if self.left > 0 {
                let skipped = self.left.min((bytes.len() - at) as u64);
                self.left -= skipped;
                at += skipped as usize;
                continue;
            }
            let begins = at - self.have.min(at);
            let Some(header) = self.header(bytes, &mut at) else { break };
            if !header.is_data() {
                found.closes |= header.closes();
                continue;
            }
            found.packets += u64::from(!header.continues());
            if header.begins_text() && found.text.is_none() {
                found.text = Some(begins);
            }
            self.goes_on = !header.is_final();
            let before = if header.continues() { self.message } else { 0 };
            self.message = before.saturating_add(header.payload);
            if self.message > self.limit && found.too_large.is_none() {
                found.too_large = Some(begins);
            }
        }
        found
    }

    /// Whether no message has begun that is not all there.
    pub(super) fn is_between_messages(&self) -> bool {
        self.left == 0 && self.have == 0 && !self.goes_on
    }

    /// Reads the header that begins or goes on at `at`, and moves behind what was used of it.
    fn header(&mut self, bytes: &[u8], at: &mut usize) -> Option<Header> {
        if self.have == 0
            && let Some(header) = Header::read(&bytes[*at..])
        {
            self.left = header.total();
            return Some(header);
        }
        while *at < bytes.len() {
            self.head[self.have] = bytes[*at];
            self.have += 1;
            *at += 1;
            if let Some(header) = Header::read(&self.head[..self.have]) {
                self.left = header.total() - self.have as u64;
                self.have = 0;
                return Some(header);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client's frame, masked with zeros.
    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match length {
            0..126 => frame.push(0x80 | length as u8),
            126..0x1_0000 => {
                frame.push(0x80 | 126);
                frame.extend((length as u16).to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.resize(frame.len() + 4 + length, 0);
        frame
    }

    #[test]
    fn messages_are_counted_however_they_are_cut() {
        let frames = [
            frame(0x81, 1),
            frame(0x89, 4),
            frame(0x82, 300),
            frame(0x01, 70_000),
            frame(0x80, 5),
            frame(0x81, 0),
        ];
        let sent = frames.concat();
        for size in [1, 2, 3, 5, 13, 1_000, sent.len()] {
            let mut incoming = Incoming::new(70_005);
            let found = sent.chunks(size).map(|it| incoming.look_at(it));
            let (mut packets, mut too_large) = (0, 0);
            for one in found {
                packets += one.packets;
                too_large += usize::from(one.too_large.is_some());
            }
            assert_eq!((packets, too_large), (4, 0), "chunks of {size}");
        }
    }

    #[test]
    fn message_is_too_large_by_one_byte_in_whatever_frame_it_comes() {
        let first = frame(0x01, 60);
        let sent = [first.clone(), frame(0x80, 41)].concat();
        let found = Incoming::new(100).look_at(&sent);
        assert_eq!((found.too_large, found.packets), (Some(first.len()), 1));
        assert_eq!(Incoming::new(101).look_at(&sent).too_large, None);
        // Of a frame that pretends to be endless, no more than the header is needed.
        let endless = [0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let mut incoming = Incoming::new(100);
        assert_eq!(incoming.look_at(&endless[..4]), Found::default());
        assert_eq!(incoming.look_at(&endless[4..]).too_large, Some(0));
    }

    #[test]
    fn message_is_over_with_its_last_frame() {
        let mut incoming = Incoming::new(100);
        let frames = [frame(0x01, 3), frame(0x89, 1), frame(0x00, 2), frame(0x80, 0)];
        for (nth, frame) in frames.iter().enumerate() {
            assert_eq!(incoming.is_between_messages(), nth == 0);
            for byte in frame {
                incoming.look_at(&[*byte]);
            }
        }
        assert!(incoming.is_between_messages());
        incoming.look_at(&frame(0x81, 3)[..4]);
        assert!(!incoming.is_between_messages());
    }

    #[test]
    fn close_is_seen_behind_a_message_that_is_too_large() {
        let mut incoming = Incoming::new(10);
        assert!(incoming.look_at(&frame(0x81, 11)).too_large.is_some());
        assert!(incoming.look_at(&frame(0x88, 2)).closes);
    }
}
