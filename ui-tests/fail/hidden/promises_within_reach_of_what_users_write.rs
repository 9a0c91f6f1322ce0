// What a declaration promises is in reach of no block that stands in it, nor is what plugins
// believe, or an object made up to count slots.
#![forbid(unsafe_code)]
#![allow(non_local_definitions)]

use std::cell::Cell;

use static_call::__private::{Mark, Own, Shared, Shares, Table, TraitDeclaration, has_no_methods};
use static_call::{binding, static_call, static_dispatch};

#[static_dispatch]
pub trait Codec: Send + Sync {
    #[static_dispatch]
    fn encode(&self) -> usize;
}

pub struct Held<const N: usize>;

impl<const N: usize> Codec for Held<N> {
    fn encode(&self) -> usize {
        N
    }
}

struct Thief;

trait HasOwn {
    fn own() -> Own;
    fn local() -> Own;
}

fn call(codec: &dyn Codec) -> usize {
    static_call!(codec.encode(), inline = [Held<{
        impl HasOwn for Thief {
            fn own() -> Own {
                __OWN
            }
            fn local() -> Own {
                __own
            }
        }
        1
    }>])
}

trait HasShares {
    fn shares() -> Shares;
}

binding! {
    static BOUND: dyn Codec = {
        impl HasShares for Thief {
            fn shares() -> Shares {
                __INITIAL.promise
            }
        }
        Held::<1>
    };
}

fn shared(cell: &'static Cell<u32>) -> Shared<Cell<u32>> {
    Shared { reference: cell, promise: Thief::shares() }
}

static FORGED: TraitDeclaration = TraitDeclaration::new("Codec", "a plugin's", None, 1, &[]);

struct Bytes([u8]);

impl Mark for Bytes {
    fn __mark(&self) -> &'static Table {
        todo!("as many as a vtable's address says: {}", self.0[1 << 20])
    }
}

fn counted() -> bool {
    has_no_methods::<Bytes>()
}

fn main() {}
