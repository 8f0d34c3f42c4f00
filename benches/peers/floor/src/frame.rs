//! WebSocket frames, as a server reads and writes them.

use std::io;

/// Largest frame of a client.
const LARGEST: usize = 65_535;

/// Replaces `out` by a text frame whose payload `write` appends.
pub(crate) fn text(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.clear();
    out.extend([0x81, 126, 0, 0]);
    write(out);
    let size = out.len() - 4;
    if size < 126 {
        out[1] = size as u8;
        out.drain(2..4);
    } else {
        let size = u16::try_from(size).unwrap_or(u16::MAX);
        out[2..4].copy_from_slice(&size.to_be_bytes());
    }
}

/// A client's frame, whose payload is unmasked where it lies.
pub(crate) struct Frame {
    pub(crate) opcode: u8,
    /// Where the payload begins and the frame ends.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Reads the frame at `at`; nothing until all of it is there.
pub(crate) fn read(bytes: &mut [u8], at: usize) -> io::Result<Option<Frame>> {
    let [first, second, rest @ ..] = &bytes[at..] else { return Ok(None) };
    let opcode = first & 0x0f;
    let (size, head) = match (second & 0x7f, rest) {
        (126, [a, b, ..]) => (usize::from(u16::from_be_bytes([*a, *b])), 4),
        (126, _) => return Ok(None),
        (127, _) => return Err(io::Error::other(format!("a frame of more than {LARGEST} bytes"))),
        (size, _) => (usize::from(size), 2),
    };
    let start = at + head + 4;
    let end = start + size;
    if bytes.len() < end {
        return Ok(None);
    }
    let (before, payload) = bytes.split_at_mut(start);
    let mask = &before[at + head..];
    for (byte, mask) in payload[..size].iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    Ok(Some(Frame { opcode, start, end }))
}
