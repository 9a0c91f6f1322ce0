// Each row of the guide's table of other attribute macros.
#![deny(warnings)]
#![allow(dead_code, reason = "what `mockall` writes")]
use static_call::{static_call, static_dispatch};

mod async_trait_above {
    use super::*;

    #[async_trait::async_trait]
    #[static_dispatch]
    pub trait Fetch: Send + Sync {
        #[static_dispatch]
        async fn fetch(&self, from: u64) -> u64;
    }
}

mod async_trait_below {
    use super::*;

    #[static_dispatch(object = FastFetch)]
    #[async_trait::async_trait]
    pub trait Fetch: Send + Sync {
        #[static_dispatch]
        async fn fetch(&self, from: u64) -> u64;
    }
}

macro_rules! shape {
    ($name:ident { $(#[$attribute:meta])* }) => {
        mod $name {
            use super::*;

            $(#[$attribute])*
            pub trait Shape {
                #[static_dispatch(targets = 2)]
                fn area(&self, scale: u64) -> u64;
                fn name(&self) -> String;
            }

            pub struct Square(pub u64);

            impl Shape for Square {
                fn area(&self, scale: u64) -> u64 {
                    self.0 * self.0 * scale
                }
                fn name(&self) -> String {
                    "square".to_owned()
                }
            }

            pub fn area(shape: &dyn Shape) -> u64 {
                let names: String = [shape].iter().map(|shape| shape.name()).collect();
                static_call!(shape.area(2)) + names.len() as u64
            }
        }
    };
}

shape!(auto_impl_above { #[auto_impl::auto_impl(&, Box)] #[static_dispatch] });
shape!(auto_impl_below { #[static_dispatch] #[auto_impl::auto_impl(&, Box)] });
shape!(auto_impl_by_condition { #[static_dispatch] #[cfg_attr(all(), auto_impl::auto_impl(&, Box))] });
shape!(automock_below { #[static_dispatch] #[mockall::automock] });
shape!(automock_by_condition { #[static_dispatch] #[cfg_attr(all(), mockall::automock)] });

mod enum_dispatch_above {
    use super::*;

    #[enum_dispatch::enum_dispatch]
    #[static_dispatch]
    pub trait Above {
        #[static_dispatch(targets = 2)]
        fn area(&self, scale: u64) -> u64;
        #[static_dispatch]
        fn side(&mut self) -> &mut u64;
    }

    #[enum_dispatch::enum_dispatch(Above)]
    pub enum Shapes {
        Square,
    }

    pub struct Square(pub u64);

    impl Above for Square {
        fn area(&self, scale: u64) -> u64 {
            self.0 * scale
        }
        fn side(&mut self) -> &mut u64 {
            &mut self.0
        }
    }
}

mod enum_dispatch_below {
    use super::*;

    #[static_dispatch]
    #[enum_dispatch::enum_dispatch]
    pub trait Below {
        #[static_dispatch(targets = 2)]
        fn area(&self, scale: u64) -> u64;
    }

    #[enum_dispatch::enum_dispatch(Below)]
    pub enum Forms {
        Circle,
    }

    pub struct Circle(pub u64);

    impl Below for Circle {
        fn area(&self, scale: u64) -> u64 {
            self.0 * scale
        }
    }
}

/// Both that want to be first, one of which copies attributes.
#[static_dispatch(targets = 3)]
#[mockall::automock]
#[async_trait::async_trait]
pub trait Store: Send + Sync {
    #[static_dispatch(targets = 2)]
    async fn load(&self, key: u64) -> u64;
    fn name(&self) -> String;
}

struct Fixed(u64);

macro_rules! fetch {
    ($($of:path),*) => { $(
        #[async_trait::async_trait]
        impl $of for Fixed {
            async fn fetch(&self, from: u64) -> u64 {
                self.0 + from
            }
        }
    )* };
}

fetch!(async_trait_above::Fetch, async_trait_below::Fetch);

fn ready<T>(mut future: std::pin::Pin<Box<dyn Future<Output = T> + Send + '_>>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(result) => result,
        std::task::Poll::Pending => unreachable!("nothing waits"),
    }
}

fn main() {
    let above: &dyn async_trait_above::Fetch = &Fixed(1);
    let below: &dyn async_trait_below::Fetch = &Fixed(1);
    let fast: &dyn async_trait_below::FastFetch = &Fixed(1);
    assert_eq!(ready(static_call!(above.fetch(1))), 2);
    assert_eq!(ready(static_call!(below.fetch(1))), 2);
    assert_eq!(ready(fast.fetch(1)), 2);

    assert_eq!(auto_impl_above::area(&&auto_impl_above::Square(3)), 24);
    assert_eq!(
        auto_impl_below::area(&Box::new(auto_impl_below::Square(3))),
        24
    );
    assert_eq!(
        auto_impl_by_condition::area(&&auto_impl_by_condition::Square(3)),
        24
    );

    let mut mock = automock_below::MockShape::new();
    mock.expect_area().returning(|scale| scale + 5);
    mock.expect_name().returning(String::new);
    assert_eq!(
        automock_below::area(&mock) + automock_below::area(&automock_below::Square(1)),
        15
    );
    let mut mock = automock_by_condition::MockShape::new();
    mock.expect_area().returning(|scale| scale + 5);
    mock.expect_name().returning(String::new);
    assert_eq!(automock_by_condition::area(&mock), 7);
    let mut mock = MockStore::new();
    mock.expect_load().returning(|key| key + 1);
    mock.expect_name().returning(String::new);
    let store: &dyn Store = &mock;
    assert_eq!(ready(static_call!(store.load(1))), 2);
    assert_eq!(static_call!(store.name()), "");

    use enum_dispatch_above::Above;
    use enum_dispatch_below::Below;
    let mut square: enum_dispatch_above::Shapes = enum_dispatch_above::Square(3).into();
    *square.side() += 1;
    assert_eq!(square.area(2), 8);
    let object: &dyn Above = &square;
    assert_eq!(static_call!(object.area(2)), 8);
    let square: enum_dispatch_below::Forms = enum_dispatch_below::Circle(3).into();
    let object: &dyn Below = &square;
    assert_eq!(static_call!(object.area(2)) + square.area(1), 9);
}
