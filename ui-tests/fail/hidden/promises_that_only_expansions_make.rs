#![forbid(unsafe_code)]

use std::cell::Cell;
use std::marker::PhantomData;

use static_call::__private::{
    Always, Binding, BindingRecord, BindingSite, CallSite, DispatchedMethod, Gate, Implementation,
    Initial, Keys, List, Own, Route, Shareable, Shared, Shares, Site, Table, record,
};
use static_call::{binding, static_dispatch};

#[static_dispatch]
trait Codec: Send + Sync {
    #[static_dispatch]
    fn encode(&self) -> usize;
}

struct Store;

impl Codec for Store {
    fn encode(&self) -> usize {
        1
    }
}

binding! {
    static BOUND: dyn Codec = Store;
}

// What outlives a reclaim.
fn kept() -> &'static dyn Codec {
    BOUND.bound()
}

// What may be shared though it must not.
trait Counts {}

impl Shareable for dyn Counts {}

fn shared(object: &'static Cell<u32>) -> Shared<Cell<u32>> {
    Shared { reference: object, promise: Shares::new() }
}

fn bound(record: &'static BindingRecord, initial: Initial<dyn Counts>) -> Binding<dyn Counts, Always> {
    Binding::new(record, initial)
}

// Where calls lead.
struct Mine;

impl CallSite for Mine {
    type Inline = ();
    fn site() -> &'static Site {
        todo!()
    }
    fn keys() -> &'static Keys {
        todo!()
    }
}

impl BindingSite for Mine {
    type Object = dyn Codec;
    type Kind = Always;
    fn binding() -> &'static Binding<dyn Codec, Always> {
        todo!()
    }
    fn record() -> &'static BindingRecord {
        todo!()
    }
    fn trampoline<M: DispatchedMethod<Object = dyn Codec>>() -> unsafe extern "C-unwind" fn() {
        todo!()
    }
}

impl<M: DispatchedMethod> List<M> for Mine {
    const LENGTH: usize = 1;
}

fn gate<S, M>(trampoline: unsafe extern "C-unwind" fn(PhantomData<(S, M)>)) -> Gate<S, M> {
    Gate::new(trampoline, Own::new())
}

fn implementation(vtable: usize, table: &'static Table) -> Implementation {
    Implementation::new(vtable, table)
}

fn recorded<M: DispatchedMethod>(object: &M::Object, route: &'static Route) {
    record::<M>(object, route);
}

fn main() {}
