//! As `futures_io::AsyncRead`: pinned receivers, and impls for pointers of pointers.

use std::io::{IoSliceMut, Result};
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

#[static_dispatch(targets = 2, object = FastRead, auto = [Unpin])]
trait AsyncRead {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8])
    -> Poll<Result<usize>>;
    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<Result<usize>> {
        match bufs.iter_mut().find(|buf| !buf.is_empty()) {
            Some(buf) => self.poll_read(cx, buf),
            None => self.poll_read(cx, &mut []),
        }
    }
}

macro_rules! deref_async_read {
    () => {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut [u8],
        ) -> Poll<Result<usize>> {
            Pin::new(&mut **self).poll_read(cx, buf)
        }
    };
}

impl<T: ?Sized + AsyncRead + Unpin> AsyncRead for Box<T> {
    deref_async_read!();
}

impl<T: ?Sized + AsyncRead + Unpin> AsyncRead for &mut T {
    deref_async_read!();
}

impl<P> AsyncRead for Pin<P>
where
    P: DerefMut + Unpin,
    P::Target: AsyncRead,
{
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<Result<usize>> {
        self.get_mut().as_mut().poll_read(cx, buf)
    }
}

impl AsyncRead for &[u8] {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<Result<usize>> {
        Poll::Ready(std::io::Read::read(&mut *self, buf))
    }
}

/// Reads as users' code does.
fn read<R: AsyncRead + ?Sized>(reader: Pin<&mut R>) -> (usize, [u8; 2]) {
    let mut buf = [0; 2];
    match reader.poll_read(&mut Context::from_waker(Waker::noop()), &mut buf) {
        Poll::Ready(Ok(read)) => (read, buf),
        other => panic!("memory is ready: {other:?}"),
    }
}

#[test]
fn an_async_reader() {
    let bytes: &'static [u8] = b"abc";
    in_every_state(file!(), "poll_read", || {
        let mut plain: Pin<Box<dyn AsyncRead + Send>> = Box::pin(bytes);
        let mut by_site: Pin<Box<dyn AsyncRead + Send + Sync + Unpin>> = Box::pin(bytes);
        let mut fast: Pin<Box<dyn FastRead + Send>> = Box::pin(bytes);
        let mut generic: Box<dyn FastRead + Send + Unpin> = Box::new(bytes);
        let cx = &mut Context::from_waker(Waker::noop());
        for _ in 0..3 {
            let expected = read(plain.as_mut());
            let mut buf = [0; 2];
            let Poll::Ready(Ok(length)) = static_call!(by_site.as_mut().poll_read(cx, &mut buf))
            else {
                panic!("memory is ready")
            };
            assert_eq!((length, buf), expected);
            let mut buf = [0; 2];
            let Poll::Ready(Ok(length)) = fast.as_mut().poll_read(cx, &mut buf) else {
                panic!("memory is ready")
            };
            assert_eq!((length, buf), expected);
            assert_eq!(read(Pin::new(&mut generic)), expected);
        }
    });
}
