//! WebSocket frames, as a client reads and writes them (RFC 6455).
//!
//! By hand, because the generator has to be cheaper than every server that it drives: frames
//! are read where they lie, and many are written at once. No server here fragments.

use std::io;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    Text,
    Close,
    Ping,
    Pong,
    Other,
}

impl Opcode {
    fn of(bits: u8) -> Self {
        match bits {
            1 => Self::Text,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => Self::Other,
        }
    }

    fn bits(self) -> u8 {
        match self {
            Self::Text => 1,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
            Self::Other => 2,
        }
    }
}

/// A frame at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) opcode: Opcode,
    pub(crate) payload: &'a [u8],
    /// Bytes of head and payload.
    pub(crate) length: usize,
}

/// Reads the frame at the beginning of `bytes`; nothing until all of it is there.
pub(crate) fn read(bytes: &[u8]) -> io::Result<Option<Frame<'_>>> {
    let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
    if first & 0x80 == 0 || second & 0x80 != 0 {
        return Err(io::Error::other("a fragmented or masked frame"));
    }
    let (size, head) = match (second, rest) {
        (126, &[a, b, ..]) => (usize::from(u16::from_be_bytes([a, b])), 4),
        (127, &[a, b, c, d, e, f, g, h, ..]) => {
            (u64::from_be_bytes([a, b, c, d, e, f, g, h]) as usize, 10)
        }
        (126 | 127, _) => return Ok(None),
        (size, _) => (usize::from(size), 2),
    };
    let Some(payload) = bytes.get(head..head + size) else { return Ok(None) };
    Ok(Some(Frame { opcode: Opcode::of(first & 0x0f), payload, length: head + size }))
}

/// Appends a frame to `out`, masked as a client has to.
pub(crate) fn write(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8], mask: [u8; 4]) {
    out.push(0x80 | opcode.bits());
    match payload.len() {
        size @ 0..126 => out.push(0x80 | size as u8),
        size @ 126..0x1_0000 => {
            out.push(0x80 | 126);
            out.extend((size as u16).to_be_bytes());
        }
        size => {
            out.push(0x80 | 127);
            out.extend((size as u64).to_be_bytes());
        }
    }
    out.extend(mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server_frame(size: usize) -> Vec<u8> {
        let mut frame = vec![0x81];
        match size {
            0..126 => frame.push(size as u8),
            126..0x1_0000 => {
                frame.push(126);
                frame.extend((size as u16).to_be_bytes());
            }
            _ => {
                frame.push(127);
                frame.extend((size as u64).to_be_bytes());
            }
        }
        frame.extend(std::iter::repeat_n(b'x', size));
        frame
    }

    #[test]
    fn frames_of_every_length_are_read_when_complete() {
        for size in [0, 1, 125, 126, 65_535, 65_536] {
            let bytes = server_frame(size);
            let frame = read(&bytes).unwrap().unwrap();
            assert_eq!((frame.opcode, frame.payload.len()), (Opcode::Text, size));
            assert_eq!(frame.length, bytes.len());
            for cut in [0, 1, 2, 3, bytes.len() - 1] {
                if cut < bytes.len() {
                    assert_eq!(read(&bytes[..cut]).unwrap(), None, "{cut} of {size}");
                }
            }
        }
    }

    #[test]
    fn what_a_client_writes_is_masked_and_unmasks_to_the_same() {
        for size in [0, 125, 126, 65_536] {
            let payload: Vec<u8> = (0..size).map(|it| it as u8).collect();
            let mut out = Vec::new();
            write(&mut out, Opcode::Text, &payload, [1, 2, 3, 4]);
            let body = out.len() - size;
            assert_eq!(out[1] & 0x80, 0x80);
            assert_eq!(out[body - 4..body], [1, 2, 3, 4]);
            let mask = [1, 2, 3, 4];
            let unmasked: Vec<u8> =
                out[body..].iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b).collect();
            assert_eq!(unmasked, payload);
        }
    }

    #[test]
    fn masked_and_fragmented_frames_of_a_server_are_refused() {
        read(&[0x81, 0x80, 0, 0, 0, 0]).unwrap_err();
        read(&[0x01, 0]).unwrap_err();
    }
}
