//! Server-sent events: the lines of a stream, of which none may be endless.

use crate::mind::Failure;

/// Longest line.
const MAX_LINE: usize = 256 * 1024;

/// Most bytes of a stream. An answer of 10,000 characters, each an event of its own, is less.
const MAX_STREAM: usize = 8 * 1024 * 1024;

/// Finds the data in what comes of a stream.
///
/// Each line of data is taken for itself: those who stream JSON send no event of several lines.
#[derive(Default)]
pub(crate) struct EventStream {
    /// What came of a line that has not ended.
    line: Vec<u8>,
    /// How much came in all.
    length: usize,
}

impl EventStream {
    /// The data of the events that end in `chunk`.
    ///
    /// # Errors
    ///
    /// [`Failure::Garbled`] for a line or stream that is too long, or is no text.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<Vec<String>, Failure> {
        self.length += chunk.len();
        if self.length > MAX_STREAM {
            return Err(Failure::Garbled);
        }
        let mut found = Vec::new();
        let mut rest = chunk;
        while let Some(end) = rest.iter().position(|it| *it == b'\n') {
            self.line.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            self.end_line(&mut found)?;
        }
        self.line.extend_from_slice(rest);
        if self.line.len() > MAX_LINE {
            return Err(Failure::Garbled);
        }
        Ok(found)
    }

    /// What the last line says, where the stream ends without ending it.
    ///
    /// # Errors
    ///
    /// As [`Self::push`].
    pub(crate) fn end(&mut self) -> Result<Vec<String>, Failure> {
        let mut found = Vec::new();
        self.end_line(&mut found)?;
        Ok(found)
    }

    fn end_line(&mut self, found: &mut Vec<String>) -> Result<(), Failure> {
        if self.line.len() > MAX_LINE {
            return Err(Failure::Garbled);
        }
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8(line).map_err(|_| Failure::Garbled)?;
        let line = line.strip_suffix('\r').unwrap_or(&line);
        if let Some(data) = line.strip_prefix("data:") {
            found.push(data.strip_prefix(' ').unwrap_or(data).to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_found_however_the_stream_is_cut() {
        let text = "\u{feff}: hello\r\nevent: x\ndata: {\"a\":\"é\"}\r\n\r\ndata:two\n\nid: 7\ndata: three";
        for size in 1..text.len() {
            let mut stream = EventStream::default();
            let mut found = Vec::new();
            for chunk in text.as_bytes().chunks(size) {
                found.extend(stream.push(chunk).unwrap());
            }
            found.extend(stream.end().unwrap());
            assert_eq!(found, ["{\"a\":\"é\"}", "two", "three"], "{size}");
        }
    }

    #[test]
    fn endless_lines_and_streams_and_what_is_no_text_are_refused() {
        let endless = vec![b'x'; MAX_LINE / 2];
        let mut stream = EventStream::default();
        stream.push(&endless).unwrap();
        stream.push(&endless).unwrap();
        assert_eq!(stream.push(b"x"), Err(Failure::Garbled));

        let mut stream = EventStream::default();
        let lines = "data: x\n".repeat(1_000);
        let pushed = (0..).find(|_| stream.push(lines.as_bytes()).is_err()).unwrap();
        assert_eq!(pushed, MAX_STREAM / lines.len());

        assert_eq!(EventStream::default().push(b"data: \xff\n"), Err(Failure::Garbled));
    }
}
