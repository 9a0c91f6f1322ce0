//! `supertrait = Base`, on traits with and without annotated methods of their own, under
//! strict lints; and by hand, where it is missing.
#![deny(warnings, missing_docs, clippy::pedantic)]
#![forbid(unsafe_code)]

use std::fmt::Debug;

use static_call::{static_call, static_dispatch};

/// A size.
#[static_dispatch(targets = 2)]
pub trait Size: Debug {
    /// How large.
    fn size(&self) -> usize;
    /// Larger.
    fn enlarge(&mut self, by: usize);
}

/// Grows.
#[static_dispatch(supertrait = Size)]
pub trait Grow: Send + Size {
    /// By how much.
    #[static_dispatch]
    fn grow(&mut self) -> usize;
}

/// Grows, with nothing annotated.
#[static_dispatch(supertrait = Grow, object = FastTree)]
pub trait Tree: Grow + Sync {
    /// What it is called.
    fn name(&self) -> &str;
}

/// Has no option.
pub trait Bare: Size {}

#[derive(Debug)]
struct Oak(usize);

impl Size for Oak {
    fn size(&self) -> usize {
        self.0
    }
    fn enlarge(&mut self, by: usize) {
        self.0 += by;
    }
}

impl Grow for Oak {
    fn grow(&mut self) -> usize {
        self.0 += 1;
        self.0
    }
}

impl Tree for Oak {
    fn name(&self) -> &str {
        "oak"
    }
}

impl Bare for Oak {}

fn sizes(trees: &mut [Box<dyn Tree>]) -> usize {
    let mut sum = 0;
    for tree in trees {
        static_call!(tree.enlarge(2));
        sum += static_call!(tree.grow()) + static_call!(tree.size(), inline = [Oak]);
    }
    sum
}

fn main() {
    let mut trees: Vec<Box<dyn Tree>> = vec![Box::new(Oak(1)), Box::new(Oak(2))];
    assert_eq!(sizes(&mut trees), 18);
    let fast: Box<dyn FastTree> = Box::new(Oak(3));
    assert_eq!((static_call!(fast.size()), fast.name()), (3, "oak"));
    let bare: &dyn Bare = &Oak(4);
    assert_eq!(static_call!((bare as &dyn Size).size()), 4);
    assert_eq!(format!("{:?}", trees[0]), "Oak(4)");
}
