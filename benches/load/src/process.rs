//! What a process has used, from `/proc`.

use std::{collections::HashMap, fs, io};

/// Clock ticks of `/proc/<pid>/stat` in a second: the same on every Linux that we know of.
const TICKS: f64 = 100.0;

/// A process, by its id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(pub(crate) u32);

/// How much CPU time a process had used at one moment.
pub(crate) struct CpuTime {
    /// Nanoseconds by thread: exact, but gone with the thread.
    threads: HashMap<u32, u64>,
    /// Of all threads that there ever were, rounded to 10 ms.
    seconds: f64,
}

impl CpuTime {
    /// Seconds used since `before`.
    pub(crate) fn since(&self, before: &Self) -> f64 {
        let gone = before.threads.keys().any(|it| !self.threads.contains_key(it));
        if gone || self.threads.is_empty() {
            return self.seconds - before.seconds;
        }
        let used = |(id, now): (&u32, &u64)| now - before.threads.get(id).copied().unwrap_or(0);
        self.threads.iter().map(used).sum::<u64>() as f64 / 1e9
    }
}

impl Process {
    pub(crate) fn this() -> Self {
        Self(std::process::id())
    }

    /// Fails when there is no such process any more.
    pub(crate) fn cpu_time(self) -> io::Result<CpuTime> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        // The name before the parenthesis may hold anything; user and system time are the
        // twelfth and thirteenth field after it.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let times = fields.split_whitespace().skip(11).take(2);
        let seconds = times.filter_map(|it| it.parse::<f64>().ok()).sum::<f64>() / TICKS;
        Ok(CpuTime { threads: self.thread_times().unwrap_or_default(), seconds })
    }

    fn thread_times(self) -> io::Result<HashMap<u32, u64>> {
        let mut times = HashMap::new();
        for thread in fs::read_dir(format!("/proc/{}/task", self.0))? {
            let thread = thread?;
            let id = thread.file_name().to_str().and_then(|it| it.parse::<u32>().ok());
            let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else { continue };
            let on_cpu = text.split(' ').next().and_then(|it| it.parse::<u64>().ok());
            times.extend(id.zip(on_cpu));
        }
        Ok(times)
    }

    /// Memory that is resident, in KiB.
    pub(crate) fn memory(self) -> io::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
        let kib = line.and_then(|it| it.trim().split(' ').next()?.parse().ok());
        kib.ok_or_else(|| io::Error::other("/proc says nothing of the memory"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(threads: &[(u32, u64)], seconds: f64) -> CpuTime {
        CpuTime { threads: threads.iter().copied().collect(), seconds }
    }

    #[test]
    fn threads_are_summed_up_unless_one_is_gone() {
        let before = time(&[(1, 1_000_000_000)], 1.0);
        let grown = time(&[(1, 1_500_000_000), (2, 250_000_000)], 1.7);
        assert_eq!(grown.since(&before), 0.75);
        assert!((time(&[(2, 1)], 1.7).since(&before) - 0.7).abs() < 1e-9);
    }

    #[test]
    fn this_process_uses_time_and_memory() {
        let this = Process::this();
        let before = this.cpu_time().unwrap();
        let spun = (0..20_000_000_u64).fold(0, |sum: u64, it| std::hint::black_box(sum ^ it));
        assert!(this.cpu_time().unwrap().since(&before) > 0.0, "{spun}");
        assert!(this.memory().unwrap() > 100.0);
    }
}
