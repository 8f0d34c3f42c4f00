//! The thread that transactions may block.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

type Work = Box<dyn FnOnce() + Send>;

/// A thread for nothing else, so that neither slow files nor many passwords keep a message from
/// being stored. It ends with what it is of.
#[derive(Debug)]
pub(crate) struct BlockingThread(mpsc::Sender<Work>);

impl BlockingThread {
    pub(crate) fn start() -> io::Result<Self> {
        let (sender, queue) = mpsc::channel::<Work>();
        let run = move || {
            for work in queue {
                // It is told by the panic hook, and by what the work drops unsent.
                let _ = catch_unwind(AssertUnwindSafe(work));
            }
        };
        thread::Builder::new().name("sqlite".to_owned()).spawn(run)?;
        Ok(Self(sender))
    }

    /// Does `work` when all before it is done.
    pub(crate) fn run(&self, work: impl FnOnce() + Send + 'static) {
        // The thread is there as long as this is.
        let _ = self.0.send(Box::new(work));
    }
}
