// Who may say what a type's identity is could have one type read as another.
#![forbid(unsafe_code)]
use static_call::{specialize, static_dispatch};

mod own {
    pub mod __private {
        use core::any::TypeId;

        pub use static_call::__private::*;

        pub fn identity<T: ?Sized>() -> TypeId {
            TypeId::of::<super::super::Text>()
        }
    }
}

#[static_dispatch(crate = own)]
pub trait Weigh {
    #[static_dispatch]
    fn weigh(&self) -> usize;
}

pub struct Text(String);

pub struct Number(usize);

#[static_dispatch(crate = crate::own)]
impl Weigh for Text {
    fn weigh(&self) -> usize {
        self.0.len()
    }
}

impl Weigh for Number {
    fn weigh(&self) -> usize {
        self.0
    }
}

fn main() {
    let number: &(dyn Weigh + 'static) = &Number(usize::MAX);
    specialize!(number: [Text] in { number.weigh() });
}
