//! An answer that waits for what is written behind it.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::AsyncWrite;

/// Bytes that count as written, and are not yet.
#[derive(Debug, Default)]
pub(super) struct Held(Vec<u8>);

impl Held {
    /// Takes all of it. Tells how much that is.
    pub(super) fn hold(&mut self, slices: &[IoSlice<'_>]) -> usize {
        self.0 = slices.iter().flat_map(|it| it.iter().copied()).collect();
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes what is held and the first of `slices`, by one write where that is possible. Tells how
    /// much was written of the latter.
    pub(super) fn poll_write_before<T: AsyncWrite>(
        &mut self,
        mut stream: Pin<&mut T>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = slices.iter().find(|it| !it.is_empty()).map_or(&[][..], |it| it);
        while !self.is_empty() {
            let both = [IoSlice::new(&self.0), IoSlice::new(first)];
            let written = ready!(stream.as_mut().poll_write_vectored(context, &both))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            if let Some(of_first) = written.checked_sub(self.0.len()) {
                self.0 = Vec::new();
                if of_first > 0 {
                    return Poll::Ready(Ok(of_first));
                }
            } else {
                self.0.drain(..written);
            }
        }
        if first.is_empty() { Poll::Ready(Ok(0)) } else { stream.poll_write(context, first) }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin};

    use tokio::io::{AsyncReadExt, duplex};

    use super::*;

    /// Writes `answer` and then `rest` to a stream that takes so much at once, and tells what comes.
    async fn written(answer: &str, rest: &[&str], room: usize) -> String {
        let (mut stream, mut client) = duplex(room);
        let reading = tokio::spawn(async move {
            let mut text = String::new();
            client.read_to_string(&mut text).await.unwrap();
            text
        });
        let mut held = Held::default();
        assert_eq!(held.hold(&[IoSlice::new(answer.as_bytes())]), answer.len());
        for words in rest {
            let mut words = words.as_bytes();
            loop {
                let slices = [IoSlice::new(&[]), IoSlice::new(words)];
                let write = poll_fn(|it| held.poll_write_before(pin!(&mut stream), it, &slices));
                words = &words[write.await.unwrap()..];
                if words.is_empty() {
                    break;
                }
            }
        }
        assert!(held.is_empty());
        drop(stream);
        reading.await.unwrap()
    }

    #[tokio::test]
    async fn answer_comes_first_however_little_is_written_at_once() {
        for room in [1, 2, 3, 4, 5, 100] {
            assert_eq!(written("101", &["open", "more"], room).await, "101openmore", "{room}");
            assert_eq!(written("101", &[""], room).await, "101", "{room}");
        }
    }
}
