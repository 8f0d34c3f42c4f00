//! MessagePack as JSON.

use std::collections::VecDeque;

use axum::body::Bytes;
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;

/// How deep lists and maps may lie in each other. JSON may be as deep.
const MAX_DEPTH: usize = 127;

/// It is no MessagePack, or has what JSON has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// Writes a value as the JSON text that the default parser would have given for it: with a
/// placeholder for each of its binary parts, of which there may be `most_parts`.
///
/// Nothing is believed of lengths: what is not there is not waited for, and takes no memory.
///
/// # Errors
///
/// [`Unreadable`].
pub(crate) fn to_json(
    bytes: &Bytes,
    most_parts: usize,
) -> Result<(String, VecDeque<Bytes>), Unreadable> {
    let mut reader = Reader {
        bytes,
        at: 0,
        json: Vec::with_capacity(bytes.len() + bytes.len() / 4),
        parts: VecDeque::new(),
        most_parts,
    };
    reader.value(0)?;
    if reader.at != bytes.len() {
        return Err(Unreadable);
    }
    let json = String::from_utf8(reader.json).map_err(|_| Unreadable)?;
    Ok((json, reader.parts))
}

struct Reader<'a> {
    bytes: &'a Bytes,
    at: usize,
    json: Vec<u8>,
    parts: VecDeque<Bytes>,
    most_parts: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<(), Unreadable> {
        let [marker] = self.array()?;
        match marker {
            0x00..=0x7f => self.write(&marker),
            0xe0..=0xff => self.write(&i8::from_be_bytes([marker])),
            0x80..=0x8f => self.map(marker & 0x0f, depth),
            0x90..=0x9f => self.list(marker & 0x0f, depth),
            0xa0..=0xbf => self.text(usize::from(marker & 0x1f)),
            0xc0 => self.write(&()),
            0xc2 | 0xc3 => self.write(&(marker == 0xc3)),
            0xc4..=0xc6 => {
                let length = self.length(marker - 0xc4)?;
                self.binary(length)
            }
            0xc7..=0xc9 => {
                let length = self.length(marker - 0xc7)?;
                self.extension(length)
            }
            0xca => self.array().map(f32::from_be_bytes).and_then(|it| self.write(&it)),
            0xcb => self.array().map(f64::from_be_bytes).and_then(|it| self.write(&it)),
            0xcc => self.array().map(u8::from_be_bytes).and_then(|it| self.write(&it)),
            0xcd => self.array().map(u16::from_be_bytes).and_then(|it| self.write(&it)),
            0xce => self.array().map(u32::from_be_bytes).and_then(|it| self.write(&it)),
            0xcf => self.array().map(u64::from_be_bytes).and_then(|it| self.write(&it)),
            0xd0 => self.array().map(i8::from_be_bytes).and_then(|it| self.write(&it)),
            0xd1 => self.array().map(i16::from_be_bytes).and_then(|it| self.write(&it)),
            0xd2 => self.array().map(i32::from_be_bytes).and_then(|it| self.write(&it)),
            0xd3 => self.array().map(i64::from_be_bytes).and_then(|it| self.write(&it)),
            0xd4..=0xd8 => self.fixed_extension(1 << (marker - 0xd4)),
            0xd9..=0xdb => {
                let length = self.length(marker - 0xd9)?;
                self.text(length)
            }
            0xdc | 0xdd => {
                let count = self.length(marker - 0xdc + 1)?;
                self.list(count, depth)
            }
            0xde | 0xdf => {
                let count = self.length(marker - 0xde + 1)?;
                self.map(count, depth)
            }
            0xc1 => Err(Unreadable),
        }
    }

    fn list(&mut self, count: impl Into<usize>, depth: usize) -> Result<(), Unreadable> {
        let inner = self.deeper(depth)?;
        self.json.push(b'[');
        for nth in 0..count.into() {
            if nth > 0 {
                self.json.push(b',');
            }
            self.value(inner)?;
        }
        self.json.push(b']');
        Ok(())
    }

    fn map(&mut self, count: impl Into<usize>, depth: usize) -> Result<(), Unreadable> {
        let inner = self.deeper(depth)?;
        self.json.push(b'{');
        let mut is_first = true;
        for _ in 0..count.into() {
            let before = self.json.len();
            if !is_first {
                self.json.push(b',');
            }
            self.key()?;
            self.json.push(b':');
            if self.bytes[self.at..].starts_with(UNDEFINED) {
                // JSON leaves these out.
                self.at += UNDEFINED.len();
                self.json.truncate(before);
                continue;
            }
            self.value(inner)?;
            is_first = false;
        }
        self.json.push(b'}');
        Ok(())
    }

    /// The key of a map, which is a text.
    fn key(&mut self) -> Result<(), Unreadable> {
        let [marker] = self.array()?;
        let length = match marker {
            0xa0..=0xbf => usize::from(marker & 0x1f),
            0xd9..=0xdb => self.length(marker - 0xd9)?,
            _ => return Err(Unreadable),
        };
        self.text(length)
    }

    fn text(&mut self, length: usize) -> Result<(), Unreadable> {
        let bytes = self.bytes;
        let taken = &bytes[self.take(length)?];
        self.write(std::str::from_utf8(taken).map_err(|_| Unreadable)?)
    }

    fn binary(&mut self, length: usize) -> Result<(), Unreadable> {
        let number = self.parts.len();
        if number >= self.most_parts {
            return Err(Unreadable);
        }
        let taken = self.take(length)?;
        self.parts.push_back(self.bytes.slice(taken));
        self.json
            .extend_from_slice(format!(r#"{{"_placeholder":true,"num":{number}}}"#).as_bytes());
        Ok(())
    }

    /// What the parser of JavaScript writes for an `ArrayBuffer`.
    fn extension(&mut self, length: usize) -> Result<(), Unreadable> {
        match self.array()? {
            [0] => self.binary(length),
            _ => Err(Unreadable),
        }
    }

    /// `undefined`, and a `Date`, of which JSON makes a text.
    fn fixed_extension(&mut self, length: usize) -> Result<(), Unreadable> {
        match (self.array()?, length) {
            ([0], 1) => self.take(1).and_then(|_| self.write(&())),
            ([0], 8) => {
                let date = DateTime::from_timestamp_millis(i64::from_be_bytes(self.array()?));
                // One that is invalid is `null` there, too.
                self.write(&date.map(|it| it.to_rfc3339_opts(SecondsFormat::Millis, true)))
            }
            _ => Err(Unreadable),
        }
    }

    /// A length of one, two or four bytes.
    fn length(&mut self, kind: u8) -> Result<usize, Unreadable> {
        Ok(match kind {
            0 => usize::from(u8::from_be_bytes(self.array()?)),
            1 => usize::from(u16::from_be_bytes(self.array()?)),
            _ => u32::from_be_bytes(self.array()?) as usize,
        })
    }

    fn deeper(&self, depth: usize) -> Result<usize, Unreadable> {
        if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(Unreadable) }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let bytes = self.bytes;
        bytes[self.take(N)?].try_into().map_err(|_| Unreadable)
    }

    /// Moves behind the next bytes, if there are so many.
    fn take(&mut self, count: usize) -> Result<std::ops::Range<usize>, Unreadable> {
        let (begin, end) = (self.at, self.at.checked_add(count).ok_or(Unreadable)?);
        if end > self.bytes.len() {
            return Err(Unreadable);
        }
        self.at = end;
        Ok(begin..end)
    }

    /// Numbers that are none are `null`, as in JSON.
    fn write(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Unreadable> {
        serde_json::to_writer(&mut self.json, value).map_err(|_| Unreadable)
    }
}

/// What stands for `undefined`.
const UNDEFINED: &[u8] = &[0xd4, 0, 0];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(bytes: &[u8]) -> Result<(Value, Vec<Bytes>), Unreadable> {
        let (json, parts) = to_json(&Bytes::copy_from_slice(bytes), 2)?;
        Ok((serde_json::from_str(&json).unwrap(), parts.into()))
    }

    #[test]
    fn whatever_json_has_is_read_as_it_was_written() {
        let long = "ü\"\n".repeat(30_000);
        let many: Vec<_> = (0..70_000).collect();
        for value in [
            json!([null, true, false, 0, 127, 128, 65_535, 65_536, u64::MAX, -1, -32, -33]),
            json!([-129, -32_769, i64::MIN, 0.5, -1e300, "", "x".repeat(40), "y".repeat(300)]),
            json!({ "": {}, "a": [[], { "b": { "c": [1] } }], "text": long, "many": many }),
        ] {
            let mut bytes = Vec::new();
            rmpv::encode::write_value(&mut bytes, &rmpv::ext::to_value(&value).unwrap()).unwrap();
            assert_eq!(read(&bytes), Ok((value, Vec::new())));
            for cut in (0..bytes.len()).step_by(1 + bytes.len() / 50) {
                assert_eq!(read(&bytes[..cut]), Err(Unreadable), "cut at {cut}");
            }
        }
    }

    #[test]
    fn what_javascript_has_besides_is_what_json_makes_of_it() {
        let (undefined, date) = ([0xd4, 0, 0], [0xd7, 0, 0, 0, 1, 0x8b, 0xcf, 0xe5, 0x68, 0]);
        let list = [&[0x92][..], &undefined, &date].concat();
        assert_eq!(read(&list).unwrap().0, json!([null, "2023-11-14T22:13:20.000Z"]));
        let map = [&[0x83, 0xa1, b'a'][..], &undefined, &[0xa1, b'b', 1, 0xa1, b'c'], &undefined];
        assert_eq!(read(&map.concat()).unwrap().0, json!({ "b": 1 }));
        assert_eq!(read(&[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]).unwrap().0, json!(null));
    }

    #[test]
    fn binary_parts_stand_beside_the_text_and_are_few() {
        let bytes = [0x92, 0xc4, 2, 7, 8, 0xc7, 1, 0, 9];
        let part = |number| json!({ "_placeholder": true, "num": number });
        let parts = vec![Bytes::from_static(&[7, 8]), Bytes::from_static(&[9])];
        assert_eq!(read(&bytes), Ok((json!([part(0), part(1)]), parts)));
        assert_eq!(read(&[0x93, 0xc4, 0, 0xc4, 0, 0xc4, 0]), Err(Unreadable));
    }

    #[test]
    fn nothing_is_believed_of_lengths_and_depths() {
        for marker in [0xc6, 0xc9, 0xdb, 0xdd, 0xdf] {
            let endless = [&[marker, 0xff, 0xff, 0xff, 0xff][..], &[0xc0; 9]].concat();
            assert_eq!(read(&endless), Err(Unreadable), "{marker:x}");
        }
        for (marker, depth, fits) in [(0x91, 126, true), (0x91, 127, true), (0x91, 128, false)] {
            let deep = [vec![marker; depth], vec![0xc0]].concat();
            assert_eq!(to_json(&deep.into(), 0).is_ok(), fits, "{depth}");
        }
        assert!(to_json(&vec![0x91; 1_000_000].into(), 0).is_err());
        // A key that is no text, what is reserved, one byte too many, and nothing.
        for odd in [&[0x81, 1, 1][..], &[0xc1], &[1, 1], &[], &[0xd4, 1, 0], &[0xa1, 0xff]] {
            assert_eq!(read(odd), Err(Unreadable), "{odd:x?}");
        }
    }
}
