//! Room for connections in the table that the system keeps of this process's file descriptors.

use std::io;

use rustix::{
    io::fcntl_dupfd_cloexec,
    process::{Resource, getrlimit},
};

/// Most descriptors that room is made for, at 8 bytes each.
const MOST: u64 = 65_536;

/// Makes room for as many connections as there may be, while there is one thread.
///
/// The system makes the table twice as large whenever it is full. Where there are several threads, it
/// has to wait for all processors then: 20 to 30 ms in which nothing is read or written.
pub fn make_room() {
    let most = getrlimit(Resource::Nofile).current.unwrap_or(MOST).min(MOST);
    if let Some(last) = most.checked_sub(1).and_then(|it| i32::try_from(it).ok()) {
        // The last one there may be, closed at once. Without it nothing is wrong, but late.
        let _ = fcntl_dupfd_cloexec(io::stderr(), last);
    }
}
