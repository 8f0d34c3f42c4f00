//! The first bytes of a WebSocket frame: what it is, and where it ends.

/// A frame's kind and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    first: u8,
    /// Length of the header itself, the mask included.
    pub(super) header: usize,
    pub(super) payload: u64,
}

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;

impl Header {
    /// Reads the header of the frame that begins here; `None` if it is not all there.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let &[first, second, ref rest @ ..] = bytes else { return None };
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        let (length, payload) = match second & 0x7f {
            126 => (2, u64::from(u16::from_be_bytes(*rest.first_chunk()?))),
            127 => (8, u64::from_be_bytes(*rest.first_chunk()?)),
            short => (0, u64::from(short)),
        };
        Some(Self { first, header: 2 + length + mask, payload })
    }

    /// Length of the whole frame.
    pub(super) fn total(self) -> u64 {
        self.payload.saturating_add(self.header as u64)
    }

    /// Whether it is a message or a part of one.
    pub(super) fn is_data(self) -> bool {
        self.opcode() < CLOSE
    }

    /// Whether it goes on with a message that an earlier frame has begun.
    pub(super) fn continues(self) -> bool {
        self.opcode() == 0
    }

    /// Whether a message ends with it.
    pub(super) fn is_final(self) -> bool {
        self.first & 0x80 != 0
    }

    /// Whether it closes the WebSocket.
    pub(super) fn closes(self) -> bool {
        self.opcode() == CLOSE
    }

    fn opcode(self) -> u8 {
        self.first & 0x0f
    }

    /// Whether it holds whole bytes.
    pub(super) fn is_binary(self) -> bool {
        self.first == 0x80 | BINARY
    }

    /// Whether a text begins with it.
    pub(super) fn begins_text(self) -> bool {
        self.opcode() == TEXT
    }

    /// Whether it holds a whole text.
    pub(super) fn is_text(self) -> bool {
        self.first == 0x80 | TEXT
    }
}

/// A frame of the server that holds a whole text.
pub(crate) fn text(payload: &str) -> Vec<u8> {
    whole(TEXT, payload.as_bytes())
}

/// A frame of the server that holds whole bytes.
pub(super) fn binary(payload: &[u8]) -> Vec<u8> {
    whole(BINARY, payload)
}

fn whole(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 10);
    frame.push(0x80 | opcode);
    match payload.len() {
        length @ 0..126 => frame.push(length as u8),
        length @ 126..0x1_0000 => {
            frame.push(126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

/// A frame of a client that answers a ping of Engine.IO.
pub(super) const PONG: [u8; 7] = [0x80 | TEXT, 0x80 | 1, 0, 0, 0, 0, b'3'];

/// A message is too large.
pub(super) const TOO_LARGE: u16 = 1009;
/// A message is of a kind that is not read.
pub(super) const UNSUPPORTED: u16 = 1003;

/// A frame of the server that closes the WebSocket.
pub(super) fn close(code: u16) -> [u8; 4] {
    let [high, low] = code.to_be_bytes();
    [0x80 | CLOSE, 2, high, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_are_read_as_they_were_written() {
        for length in [0, 1, 125, 126, 0xffff, 0x1_0000] {
            let frame = text(&"x".repeat(length));
            let header = Header::read(&frame).unwrap();
            assert_eq!((header.total(), header.payload), (frame.len() as u64, length as u64));
            assert!(header.is_text());
            for cut in 0..header.header {
                assert_eq!(Header::read(&frame[..cut]), None, "{cut} of {length}");
            }
        }
    }

    #[test]
    fn mask_belongs_to_the_header() {
        let header = Header::read(&[0x81, 0x80 | 5]).unwrap();
        assert_eq!((header.header, header.total()), (6, 11));
    }
}
