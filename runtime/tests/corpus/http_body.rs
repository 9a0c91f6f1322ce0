//! As `http_body::Body`: pinned receivers and associated types inside three others.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

trait Buf {
    fn remaining(&self) -> usize;
}

impl Buf for Vec<u8> {
    fn remaining(&self) -> usize {
        self.len()
    }
}

#[derive(Debug, PartialEq)]
enum Frame<T> {
    Data(T),
    End,
}

#[derive(Debug, Default, PartialEq)]
struct SizeHint {
    lower: u64,
    upper: Option<u64>,
}

#[static_dispatch(targets = 2, object = FastBody)]
trait Body {
    type Data: Buf;
    type Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>>;
    fn is_end_stream(&self) -> bool {
        false
    }
    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

impl<B: Body + Unpin + ?Sized> Body for Box<B> {
    type Data = B::Data;
    type Error = B::Error;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut **self).poll_frame(cx)
    }
}

struct Chunks(Vec<u8>);

impl Body for Chunks {
    type Data = Vec<u8>;
    type Error = String;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Vec<u8>>, String>>> {
        match self.0.pop() {
            None => Poll::Ready(None),
            Some(0) => Poll::Ready(Some(Err("zero".to_owned()))),
            Some(1) => Poll::Ready(Some(Ok(Frame::End))),
            Some(length) => Poll::Ready(Some(Ok(Frame::Data(vec![length; length.into()])))),
        }
    }
    fn size_hint(&self) -> SizeHint {
        SizeHint {
            lower: 1,
            upper: Some(self.0.len() as u64),
        }
    }
}

#[test]
fn a_body() {
    let cx = &mut Context::from_waker(Waker::noop());
    in_every_state(file!(), "poll_frame", || {
        let make = || Box::pin(Chunks(vec![0, 1, 3]));
        let mut plain: Pin<Box<dyn Body<Data = Vec<u8>, Error = String>>> = make();
        let mut by_site: Pin<Box<dyn Body<Data = Vec<u8>, Error = String> + Send>> = make();
        let mut fast: Pin<Box<dyn FastBody<Data = Vec<u8>, Error = String> + Send>> = make();
        for _ in 0..4 {
            let expected = plain.as_mut().poll_frame(cx);
            assert_eq!(static_call!(by_site.as_mut().poll_frame(cx)), expected);
            assert_eq!(fast.as_mut().poll_frame(cx), expected);
        }
    });
    in_every_state(file!(), "size_hint", || {
        let plain: &dyn Body<Data = Vec<u8>, Error = String> = &Chunks(vec![7]);
        let fast: &dyn FastBody<Data = Vec<u8>, Error = String> = &Chunks(vec![7]);
        assert_eq!(static_call!(plain.size_hint()), plain.size_hint());
        assert_eq!(fast.size_hint(), plain.size_hint());
        assert!(!fast.is_end_stream());
    });
}
