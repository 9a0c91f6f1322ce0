//! A matrix of method signatures. Each is called plainly and by `static_call!`:
//! before patching, through a chain, and past it; see [`proof::prove`].
#![allow(
    clippy::large_types_passed_by_value,
    clippy::needless_arbitrary_self_type,
    clippy::needless_lifetimes,
    clippy::needless_pass_by_value,
    clippy::semicolon_if_nothing_returned,
    clippy::trivially_copy_pass_by_ref,
    clippy::type_complexity,
    clippy::unused_self,
    clippy::unused_unit,
    reason = "what can be written is what is tested"
)]

#[path = "../proof/mod.rs"]
mod proof;

mod aggregates;
mod borrows;
mod counts;
mod kind;
mod large;
mod methods;
mod pointers;
mod scalars;
mod traits;

/// One row of the matrix: the test's name, the object type, and the call.
/// `{ … }` before it is run before each call, and `=> |result| view` looks at what the call returned and at what it wrote.
macro_rules! signature {
    ($sentence:ident: $object:ty;
     $({ $($setup:tt)* })? $method:ident($($argument:expr),* $(,)?)
     $(=> |$result:ident| $view:expr)?) => {
        #[test]
        fn $sentence() {
            crate::proof::prove::<$object, _>(
                (file!(), stringify!($method)),
                std::any::type_name::<crate::kind::Learned>(),
                || [
                    Box::new(crate::kind::Learned::default()) as Box<$object>,
                    Box::new(crate::kind::Stranger::default()),
                ],
                |object| {
                    $($($setup)*)?
                    let result = object.$method($($argument),*);
                    $(let $result = result; let result = $view;)?
                    result
                },
                |object| {
                    $($($setup)*)?
                    let result = static_call::static_call!(object.$method($($argument),*));
                    $(let $result = result; let result = $view;)?
                    result
                },
            );
        }
    };
}
pub(crate) use signature;
