//! CONNECT as clients of Socket.IO 2 send it: `0/chat?token=..`, with their query behind the
//! namespace. The service would take both for its name.
//!
//! The question mark becomes the comma that ends a name, so that no length changes. What follows is
//! what the request's query says, too, and counts for nothing.

/// Follows the packets of a client of Socket.IO 2 in the frames of its WebSocket.
#[derive(Debug, Default)]
pub(super) struct OldConnect {
    /// The header of a frame, as far as it is there.
    head: Vec<u8>,
    mask: [u8; 4],
    /// Bytes of the frame that are still to come, and those that were there.
    left: u64,
    at: usize,
    name: Name,
}

/// How much of a packet looks like CONNECT to a namespace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Name {
    /// So many bytes of its beginning.
    Begins(usize),
    /// All of that; its name goes on.
    Goes,
    /// It is no CONNECT, or its name has ended.
    #[default]
    Over,
}

/// What a CONNECT to a namespace begins with.
const BEGINNING: &[u8] = b"40/";

impl Name {
    /// Takes the next byte, and tells whether a comma has to stand there.
    fn take(&mut self, byte: u8) -> bool {
        *self = match (*self, byte) {
            (Self::Begins(n), byte) if BEGINNING.get(n) == Some(&byte) => match n + 1 {
                n if n == BEGINNING.len() => Self::Goes,
                n => Self::Begins(n),
            },
            (Self::Goes, b'?') => {
                *self = Self::Over;
                return true;
            }
            (Self::Goes, byte) if byte != b',' => Self::Goes,
            _ => Self::Over,
        };
        false
    }
}

impl OldConnect {
    /// Corrects bytes of frames, each of which comes by once.
    pub(super) fn correct(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.left == 0 {
                self.head.push(*byte);
                self.begin();
                continue;
            }
            let mask = self.mask[self.at % 4];
            if self.name != Name::Over && self.name.take(*byte ^ mask) {
                *byte = b',' ^ mask;
            }
            (self.at, self.left) = (self.at.wrapping_add(1), self.left - 1);
        }
    }

    /// Begins with a frame, if its header is all there.
    fn begin(&mut self) {
        let [first, second, rest @ ..] = &self.head[..] else { return };
        let (length, payload) = match second & 0x7f {
            126 => (2, rest.first_chunk().map(|it| u64::from(u16::from_be_bytes(*it)))),
            127 => (8, rest.first_chunk().map(|it| u64::from_be_bytes(*it))),
            short => (0, Some(u64::from(short))),
        };
        let (Some(payload), true) = (payload, rest.len() >= length) else { return };
        // What is not masked is refused by the service.
        let mask = match (second & 0x80, rest[length..].first_chunk()) {
            (0, _) => [0; 4],
            (_, Some(mask)) => *mask,
            (_, None) => return,
        };
        let is_text = first & 0x0f == 1;
        self.name = if is_text { Name::Begins(0) } else { Name::Over };
        (self.mask, self.left, self.at) = (mask, payload, 0);
        self.head.clear();
    }
}

/// Corrects the packets in the body of a polling request: `15:40/chat?token=x6:42["a"]`, of which
/// each length counts characters as JavaScript does.
pub(super) fn correct_body(body: &mut [u8]) {
    let Ok(text) = std::str::from_utf8(body) else { return };
    let (mut rest, mut commas) = (text, Vec::new());
    while let Some((length, packets)) = rest.split_once(':') {
        let Ok(length) = length.parse::<usize>() else { break };
        let mut name = Name::Begins(0);
        let (mut units, mut end) = (0, packets.len());
        for (at, char) in packets.char_indices() {
            if units >= length {
                end = at;
                break;
            }
            units += char.len_utf16();
            if name != Name::Over && name.take(if char.is_ascii() { char as u8 } else { b'x' }) {
                commas.push(text.len() - packets.len() + at);
            }
        }
        rest = &packets[end..];
    }
    for at in commas {
        body[at] = b',';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, payload: &str, mask: [u8; 4]) -> Vec<u8> {
        let mut frame = vec![first];
        match payload.len() {
            length @ 0..126 => frame.push(0x80 | length as u8),
            length => {
                frame.push(0x80 | 126);
                frame.extend((length as u16).to_be_bytes());
            }
        }
        frame.extend(mask);
        frame.extend(payload.bytes().zip(mask.into_iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    #[test]
    fn names_end_at_the_query_however_frames_are_cut() {
        let long = format!("?token={}", "x".repeat(300));
        let packets = |query: &str, long: &str| {
            [
                frame(0x81, &format!("40/chat{query}a=b?c,d"), [1, 2, 3, 4]),
                frame(0x81, r#"42/chat,["what?"]"#, [0; 4]),
                frame(0x81, "", [9; 4]),
                frame(0x82, "40/chat?is=binary", [7; 4]),
                frame(0x81, &format!("40/a{long}"), [0xff, 0, 0xff, 0]),
                frame(0x81, "40/a,?", [5; 4]),
            ]
            .concat()
        };
        let expected = packets(",", &long.replace('?', ","));
        for size in [1, 2, 3, 7, 1_000] {
            let (mut old, mut sent) = (OldConnect::default(), packets("?", &long));
            sent.chunks_mut(size).for_each(|it| old.correct(it));
            assert_eq!(sent, expected, "chunks of {size}");
        }
    }

    #[test]
    fn names_end_at_the_query_in_bodies() {
        for (body, expected) in [
            ("15:40/chat?token=x", "15:40/chat,token=x"),
            (r#"9:42["🍞?"]8:40/ü?a=b2:40"#, r#"9:42["🍞?"]8:40/ü,a=b2:40"#),
            ("7:40/chat8:40/b?c=d", "7:40/chat8:40/b,c=d"),
            ("x:40/chat?a=b", "x:40/chat?a=b"),
            ("99:40/chat?a", "99:40/chat,a"),
            ("", ""),
        ] {
            let mut bytes = body.as_bytes().to_vec();
            correct_body(&mut bytes);
            assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        }
        correct_body(&mut [0xff, 0xfe]);
    }
}
