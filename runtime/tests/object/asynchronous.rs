//! `#[async_trait]` above and below the attribute.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

/// Runs a future that never waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("nothing here waits"),
    }
}

struct Memory(Vec<u8>);

#[async_trait]
#[static_dispatch(targets = 1, object = FastAbove)]
trait Above: Send + Sync {
    async fn above(&self, at: usize, text: &str) -> Option<String>;
    async fn above_by_default(&mut self, by: u8) -> u8 {
        self.above(usize::from(by), "").await.map_or(0, |_| by)
    }
}

#[async_trait]
impl Above for Memory {
    async fn above(&self, at: usize, text: &str) -> Option<String> {
        Some(format!("{text}{}", self.0.get(at)?))
    }
}

#[static_dispatch(targets = 1, object = FastBelow)]
#[async_trait]
trait Below: Send + Sync {
    async fn below(&self, at: usize, text: &str) -> Option<String>;
    async fn below_by_default(&self, by: u8) -> u8 {
        self.below(usize::from(by), "").await.map_or(0, |_| by)
    }
}

#[static_dispatch]
#[async_trait]
impl Below for Memory {
    async fn below(&self, at: usize, text: &str) -> Option<String> {
        Some(format!("{text}{}", self.0.get(at)?))
    }
}

#[test]
fn async_trait_may_stand_above() {
    let mut plain: Box<dyn Above> = Box::new(Memory(vec![1, 2]));
    in_every_state(file!(), "above", || {
        let fast: &dyn FastAbove = &Memory(vec![1, 2]);
        assert_eq!(
            ready(static_call!(plain.above(1, "x"))).as_deref(),
            Some("x2")
        );
        assert_eq!(ready(fast.above(1, "x")).as_deref(), Some("x2"));
        assert_eq!(ready(fast.above(2, "x")), None);
    });
    in_every_state(file!(), "above_by_default", || {
        let fast: &mut dyn FastAbove = &mut Memory(vec![1, 2]);
        assert_eq!(ready(static_call!(plain.above_by_default(1))), 1);
        assert_eq!(ready(fast.above_by_default(2)), 0);
    });
}

#[test]
fn async_trait_may_stand_below() {
    let plain: Box<dyn Below> = Box::new(Memory(vec![1, 2]));
    in_every_state(file!(), "below", || {
        let fast: &dyn FastBelow = &Memory(vec![1, 2]);
        assert_eq!(
            ready(static_call!(plain.below(1, "x"))).as_deref(),
            Some("x2")
        );
        assert_eq!(ready(fast.below(1, "x")).as_deref(), Some("x2"));
    });
    in_every_state(file!(), "below_by_default", || {
        let fast: &dyn FastBelow = &Memory(vec![1, 2]);
        assert_eq!(ready(static_call!(plain.below_by_default(1))), 1);
        assert_eq!(ready(fast.below_by_default(2)), 0);
    });
}
