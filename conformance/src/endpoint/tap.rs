use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection that hides from its user that the other side no longer listens, and counts what it says.
///
/// A receiver that refuses a long body may answer before it has read it and then reset the connection. A client that
/// gives up at the failed write never sees that answer; this one goes on to read.
pub(super) struct Tap<S> {
    stream: S,
    state: Arc<TapState>,
}

#[derive(Debug, Default)]
pub(super) struct TapState {
    read: AtomicU64,
    written: AtomicU64,
    deaf: AtomicBool,
    /// The first two bytes that have come, as a number; 0 before.
    first: AtomicU16,
}

impl TapState {
    /// Returns how many bytes have come.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Returns how many bytes have been written.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Tells whether what has come begins as a TLS record does, an alert or a handshake: that is how a server that
    /// expects TLS answers who speaks without.
    pub(super) fn is_tls(&self) -> bool {
        matches!(self.first.load(Ordering::Relaxed).to_be_bytes(), [0x15 | 0x16, 0x03])
    }

    /// Tells whether the other side has stopped to listen before everything was written.
    pub(super) fn is_deaf(&self) -> bool {
        self.deaf.load(Ordering::Relaxed)
    }
}

impl<S> Tap<S> {
    pub(super) fn new(stream: S) -> (Self, Arc<TapState>) {
        let state = Arc::new(TapState::default());
        (Self { stream, state: state.clone() }, state)
    }

    fn count(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(length)) = result {
            self.state.written.fetch_add(length as u64, Ordering::Relaxed);
        }
        result
    }

    /// Takes a failed write for one that went well.
    fn swallow<T>(&self, result: Poll<io::Result<T>>, instead: T) -> Poll<io::Result<T>> {
        match result {
            Poll::Ready(Err(error)) if is_hang_up(&error) => {
                self.state.deaf.store(true, Ordering::Relaxed);
                Poll::Ready(Ok(instead))
            }
            other => other,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        let come = &buf.filled()[before..];
        if let (0, &[first, second, ..]) = (self.state.read(), come) {
            self.state.first.store(u16::from_be_bytes([first, second]), Ordering::Relaxed);
        }
        self.state.read.fetch_add(come.len() as u64, Ordering::Relaxed);
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.state.is_deaf() {
            return Poll::Ready(Ok(buf.len()));
        }
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.count(self.swallow(result, buf.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = bufs.iter().map(|buf| buf.len()).sum();
        if self.state.is_deaf() {
            return Poll::Ready(Ok(length));
        }
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.count(self.swallow(result, length))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        self.swallow(result, ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.swallow(result, ())
    }
}

pub(super) fn is_hang_up(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, WriteZero};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | WriteZero)
}
