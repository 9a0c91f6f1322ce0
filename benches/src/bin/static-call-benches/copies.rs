//! The loops of this program. Those of the library lie in [`static_call_benches::copies`].

use std::hint::black_box;

use static_call::static_call;
use static_call_benches::body::{Body, Call};
use static_call_benches::copies::Copies;
use static_call_benches::{copies, here};

/// Plain calls.
pub(crate) static PLAIN: Copies = copies!("", 0, |body, x| body.step(x));
/// Plain calls once more: the control.
pub(crate) static CONTROL: Copies = copies!("", 1, |body, x| body.step(x));

// Sites for each mix, since a chain is made for a mix.
pub(crate) static MONO: Copies = copies!(here!(), 0, |body, x| static_call!(body.step(x)));
pub(crate) static TWO: Copies = copies!(here!(), 0, |body, x| static_call!(body.step(x)));
pub(crate) static EIGHT: Copies = copies!(here!(), 0, |body, x| static_call!(body.step(x)));
pub(crate) static UNIFORM: Copies = copies!(here!(), 0, |body, x| static_call!(body.step(x)));
pub(crate) static UNIFORM_OF_FOUR: Copies =
    copies!(here!(), 0, |body, x| static_call!(body.step_of_four(x)));

/// Sites that are retargeted, one at a time.
pub(crate) fn retargeted() -> Vec<Call> {
    macro_rules! sites {
        ($($copy:literal)*) => {
            vec![$({
                fn call(body: &dyn Body, x: u64) -> u64 {
                    black_box($copy);
                    static_call!(body.step(x))
                }
                call as Call
            }),*]
        };
    }
    sites!(0 1 2 3 4 5 6 7)
}
