//! The matrix. Who runs it says how it calls (`crate::call!`) and what it proves
//! (`crate::proof`).

mod aggregates;
mod borrows;
mod counts;
pub(crate) mod kind;
mod methods;
mod natives;
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
                    let result = crate::call!(object.$method($($argument),*));
                    $(let $result = result; let result = $view;)?
                    result
                },
            );
        }
    };
}
pub(crate) use signature;
