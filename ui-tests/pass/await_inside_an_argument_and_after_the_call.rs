use std::future::{Future, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Service: Send + Sync {
    #[static_dispatch]
    fn call(&self, request: u32) -> Pin<Box<dyn Future<Output = u32> + Send + '_>>;
    #[static_dispatch]
    fn weight(&self, request: u32) -> u32;
}

struct Double;

impl Service for Double {
    fn call(&self, request: u32) -> Pin<Box<dyn Future<Output = u32> + Send + '_>> {
        Box::pin(ready(request * 2))
    }
    fn weight(&self, request: u32) -> u32 {
        request + 1
    }
}

async fn serve(service: &dyn Service) -> u32 {
    let weight = static_call!(service.weight(ready(20).await));
    static_call!(service.call(async { weight }.await)).await
}

fn spawnable<T: Send>(future: T) -> T {
    future
}

fn main() {
    let future = pin!(spawnable(serve(&Double)));
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(future.poll(&mut context), Poll::Ready(42));
}
