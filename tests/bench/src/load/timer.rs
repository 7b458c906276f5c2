//! A timer that wakes the engine on time: the timeouts of `epoll` have a resolution of a millisecond
//! only.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

pub struct Timer {
    descriptor: OwnedFd,
    armed: Option<Instant>,
}

impl Timer {
    pub fn register(registry: &Registry, token: Token) -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let descriptor = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let source = descriptor.as_raw_fd();
        registry.register(&mut SourceFd(&source), token, Interest::READABLE)?;
        Ok(Self { descriptor, armed: None })
    }

    /// Wakes the engine at this time, `wait` from now, unless that is arranged already.
    pub fn arm(&mut self, at: Instant, wait: Duration) -> io::Result<()> {
        if self.armed == Some(at) {
            return Ok(());
        }
        let it_value = Timespec {
            tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(wait.subsec_nanos()),
        };
        let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        let time = Itimerspec { it_interval, it_value };
        timerfd_settime(&self.descriptor, TimerfdTimerFlags::empty(), &time)?;
        self.armed = Some(at);
        Ok(())
    }
}
