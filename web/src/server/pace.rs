//! A peer that does not take what is sent to it is not waited for without end.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How long a peer may keep us waiting for each [`GRAIN`] of what it is sent. Only time in which it
/// takes nothing counts, so a connection over which nothing is to be sent may be silent for ever.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
const GRAIN: usize = 64 * 1024;

/// A stream that fails to be written to once its peer has used up the patience with it.
pub(super) struct Paced<S> {
    stream: S,
    patience: Duration,
    /// What is left of the patience, and what was taken since it was whole.
    left: Duration,
    taken: usize,
    waiting: Option<Waiting>,
}

struct Waiting {
    since: Instant,
    end: Pin<Box<Sleep>>,
}

impl<S> Paced<S> {
    pub fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, left: patience, taken: 0, waiting: None }
    }

    fn judge(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &written {
            self.took(*bytes);
        }
        if written.is_ready() {
            return written;
        }
        let left = self.left;
        let new = || Waiting { since: Instant::now(), end: Box::pin(sleep(left)) };
        let waiting = self.waiting.get_or_insert_with(new);
        waiting.end.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    fn took(&mut self, bytes: usize) {
        if let Some(waiting) = self.waiting.take() {
            self.left = self.left.saturating_sub(waiting.since.elapsed());
        }
        self.taken = self.taken.saturating_add(bytes);
        if self.taken >= GRAIN {
            (self.taken, self.left) = (0, self.patience);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::timeout;

    use super::*;

    /// Takes so many bytes every ten seconds.
    async fn take(mut peer: DuplexStream, bytes: usize) {
        let mut taken = vec![0; bytes];
        loop {
            sleep(Duration::from_secs(10)).await;
            if peer.read_exact(&mut taken).await.is_err() {
                return;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_is_given_up() {
        let (ours, _peer) = duplex(100);
        let begun = Instant::now();
        let mut ours = Paced::new(ours, PATIENCE);
        let written = timeout(10 * PATIENCE, ours.write_all(&[0; 101])).await.expect("it ends");
        assert_eq!(written.map_err(|it| it.kind()), Err(io::ErrorKind::TimedOut));
        assert_eq!(begun.elapsed().as_secs(), PATIENCE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_a_byte_now_and_then_is_given_up() {
        let (ours, peer) = duplex(100);
        let taking = tokio::spawn(take(peer, 1));
        let begun = Instant::now();
        let written = Paced::new(ours, PATIENCE).write_all(&vec![0; GRAIN]).await;
        assert_eq!(written.map_err(|it| it.kind()), Err(io::ErrorKind::TimedOut));
        assert!(begun.elapsed() <= PATIENCE + Duration::from_secs(1));
        taking.await.expect("it ends with the stream");
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_is_slow_and_steady_gets_everything() {
        let (ours, peer) = duplex(100);
        tokio::spawn(take(peer, GRAIN / 2));
        Paced::new(ours, PATIENCE)
            .write_all(&vec![0; 10 * GRAIN])
            .await
            .expect("all of it is taken");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_over_which_nothing_is_sent_may_be_silent() {
        let (ours, mut peer) = duplex(100);
        let mut ours = Paced::new(ours, PATIENCE);
        for _ in 0..3 {
            ours.write_all(b"ping").await.expect("it is taken");
            sleep(10 * PATIENCE).await;
            peer.read_exact(&mut [0; 4]).await.expect("it comes");
        }
    }
}
