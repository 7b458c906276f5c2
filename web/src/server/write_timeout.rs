//! A stream whose writes time out if the peer does not read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How long writes may be blocked for each [`CHUNK_BYTES`]. Only blocked time counts, so an idle
/// connection never times out.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
const CHUNK_BYTES: usize = 64 * 1024;

/// Fails writes with `TimedOut` once they were blocked for too long within one chunk.
pub(super) struct WriteTimeout<S> {
    stream: S,
    timeout: Duration,
    /// Blocked time left for this chunk.
    left: Duration,
    /// Bytes of this chunk that were written.
    written: usize,
    blocked: Option<BlockedWrite>,
}

struct BlockedWrite {
    since: Instant,
    timer: Pin<Box<Sleep>>,
}

impl<S> WriteTimeout<S> {
    pub fn new(stream: S, timeout: Duration) -> Self {
        Self { stream, timeout, left: timeout, written: 0, blocked: None }
    }

    fn check(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &result {
            self.progress(*bytes);
        }
        if result.is_ready() {
            return result;
        }
        let left = self.left;
        let new = || BlockedWrite { since: Instant::now(), timer: Box::pin(sleep(left)) };
        let blocked = self.blocked.get_or_insert_with(new);
        blocked.timer.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    fn progress(&mut self, bytes: usize) {
        if let Some(blocked) = self.blocked.take() {
            self.left = self.left.saturating_sub(blocked.since.elapsed());
        }
        self.written = self.written.saturating_add(bytes);
        if self.written >= CHUNK_BYTES {
            (self.written, self.left) = (0, self.timeout);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.check(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.check(cx, result)
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

    /// Reads so many bytes every ten seconds.
    async fn read_slowly(mut peer: DuplexStream, bytes: usize) {
        let mut buffer = vec![0; bytes];
        loop {
            sleep(Duration::from_secs(10)).await;
            if peer.read_exact(&mut buffer).await.is_err() {
                return;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_to_a_peer_that_reads_nothing_times_out() {
        let (ours, _peer) = duplex(100);
        let started_at = Instant::now();
        let mut ours = WriteTimeout::new(ours, WRITE_TIMEOUT);
        let written =
            timeout(10 * WRITE_TIMEOUT, ours.write_all(&[0; 101])).await.expect("it ends");
        assert_eq!(written.map_err(|it| it.kind()), Err(io::ErrorKind::TimedOut));
        assert_eq!(started_at.elapsed().as_secs(), WRITE_TIMEOUT.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_to_a_peer_that_reads_too_slowly_times_out() {
        let (ours, peer) = duplex(100);
        let reading = tokio::spawn(read_slowly(peer, 1));
        let started_at = Instant::now();
        let written = WriteTimeout::new(ours, WRITE_TIMEOUT).write_all(&vec![0; CHUNK_BYTES]).await;
        assert_eq!(written.map_err(|it| it.kind()), Err(io::ErrorKind::TimedOut));
        assert!(started_at.elapsed() <= WRITE_TIMEOUT + Duration::from_secs(1));
        reading.await.expect("it ends with the stream");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_but_steady_peer_receives_everything() {
        let (ours, peer) = duplex(100);
        tokio::spawn(read_slowly(peer, CHUNK_BYTES / 2));
        WriteTimeout::new(ours, WRITE_TIMEOUT)
            .write_all(&vec![0; 10 * CHUNK_BYTES])
            .await
            .expect("all of it is read");
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_does_not_time_out() {
        let (ours, mut peer) = duplex(100);
        let mut ours = WriteTimeout::new(ours, WRITE_TIMEOUT);
        for _ in 0..3 {
            ours.write_all(b"ping").await.expect("it is buffered");
            sleep(10 * WRITE_TIMEOUT).await;
            peer.read_exact(&mut [0; 4]).await.expect("it arrives");
        }
    }
}
