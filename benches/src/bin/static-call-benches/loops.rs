//! The loops of every contender, and the objects that they are run on: in one
//! module, since `devirt` knows the vtables of its own codegen unit only.

use std::hint::black_box;

use static_call::{specialize, static_call};
use static_call_bench_bodies::{
    Body, DevirtBody, Kind0, Kind1, Kind2, Kind3, Kind4, Kind5, Kind6, Kind7,
};
use static_call_benches::copies::Copies;
use static_call_benches::order::{CALLS, Sources};
use static_call_benches::serve::Family;
use static_call_benches::{copies, sites, whole_copies};

/// Objects made here.
pub(crate) fn here() -> Sources {
    static OBJECTS: [&dyn Body; 8] = [
        &Kind0::new(),
        &Kind1::new(),
        &Kind2::new(),
        &Kind3::new(),
        &Kind4::new(),
        &Kind5::new(),
        &Kind6::new(),
        &Kind7::new(),
    ];
    static DEVIRT: [&dyn DevirtBody; 8] = [
        &Kind0::new(),
        &Kind1::new(),
        &Kind2::new(),
        &Kind3::new(),
        &Kind4::new(),
        &Kind5::new(),
        &Kind6::new(),
        &Kind7::new(),
    ];
    Sources {
        objects: OBJECTS,
        devirt: DEVIRT,
        boxed: [
            || Box::new(Kind0::new()),
            || Box::new(Kind1::new()),
            || Box::new(Kind2::new()),
            || Box::new(Kind3::new()),
            || Box::new(Kind4::new()),
            || Box::new(Kind5::new()),
            || Box::new(Kind6::new()),
            || Box::new(Kind7::new()),
        ],
        boxed_devirt: [
            || Box::new(Kind0::new()),
            || Box::new(Kind1::new()),
            || Box::new(Kind2::new()),
            || Box::new(Kind3::new()),
            || Box::new(Kind4::new()),
            || Box::new(Kind5::new()),
            || Box::new(Kind6::new()),
            || Box::new(Kind7::new()),
        ],
    }
}

macro_rules! loops {
    ($copies:ident!($($loops:tt)*)) => {{
        static COPIES: Copies = Copies::plain($copies!($($loops)*));
        &COPIES
    }};
}

/// The loops of a method that takes `&self`. Those with call sites are named: each
/// stands in a line of its own, by which the report is searched.
macro_rules! family {
    ($method:ident, $site:ident, $inline:ident) => {
        Family {
            plain: loops!(copies!(0, |order| &order.objects, |body, x| body.$method(x))),
            control: loops!(copies!(1, |order| &order.objects, |body, x| body.$method(x))),
            site: &$site,
            inline: Some(&$inline),
            specialize: Some(loops!(copies!(0, |order| &order.objects, |body, x| {
                specialize!(body = *body: [Kind0, Kind1] in { body.$method(x) })
            }))),
            by_hand: Some(loops!(
                copies!(0, |order| &order.enums, |body, x| body.$method(x))
            )),
            enum_dispatch: Some(loops!(copies!(0, |order| &order.dispatched, |body, x| {
                static_call_bench_bodies::DispatchedBody::$method(*body, x)
            }))),
            devirt: Some(loops!(
                copies!(0, |order| &order.devirt, |body, x| body.$method(x))
            )),
            generics: Some(loops!(copies!(0, |order| &order.first, |body, x| {
                fn call<B: Body>(body: &B, x: u64) -> u64 {
                    body.$method(x)
                }
                call(*body, x)
            }))),
        }
    };
}

/// As [`copies!`], with a call site in each; all in the line that this is written in.
macro_rules! sites_of {
    ($method:ident $(, $list:ident = $types:tt)?) => {
        sites!(copies!(0, |order| &order.objects, |body, x| static_call!(
            body.$method(x) $(, $list = $types)?
        )))
    };
}

static STEP_SITE: Copies = sites_of!(step);
static STEP_INLINE: Copies = sites_of!(step, inline = [Kind0, Kind1]);
/// One multiplication, chains of up to two targets.
pub(crate) static STEP: Family = family!(step, STEP_SITE, STEP_INLINE);

static STEP_OF_FOUR_SITE: Copies = sites_of!(step_of_four);
static STEP_OF_FOUR_INLINE: Copies = sites_of!(step_of_four, inline = [Kind0, Kind1]);
/// One multiplication, chains of up to four targets.
pub(crate) static STEP_OF_FOUR: Family =
    family!(step_of_four, STEP_OF_FOUR_SITE, STEP_OF_FOUR_INLINE);

static STEP_OF_SIX_INLINE: Copies = sites_of!(
    step_of_four,
    inline = [Kind0, Kind1, Kind2, Kind3, Kind4, Kind5]
);
/// The same, with six types inlined.
pub(crate) static STEP_OF_SIX: Family =
    family!(step_of_four, STEP_OF_FOUR_SITE, STEP_OF_SIX_INLINE);

static MEDIUM_SITE: Copies = sites_of!(medium);
static MEDIUM_INLINE: Copies = sites_of!(medium, inline = [Kind0, Kind1]);
/// About five nanoseconds.
pub(crate) static MEDIUM: Family = family!(medium, MEDIUM_SITE, MEDIUM_INLINE);

static LARGE_SITE: Copies = sites_of!(large);
static LARGE_INLINE: Copies = sites_of!(large, inline = [Kind0, Kind1]);
/// About fifty nanoseconds.
pub(crate) static LARGE: Family = family!(large, LARGE_SITE, LARGE_INLINE);

macro_rules! boxed_sites_of {
    ($method:ident $(, $list:ident = $types:tt)?) => {
        sites!(copies!(0, |order| &mut order.boxes, |body, x| static_call!(
            body.$method(x) $(, $list = $types)?
        )))
    };
}

static STEP_MUT_SITE: Copies = boxed_sites_of!(step_mut);
static STEP_MUT_INLINE: Copies = boxed_sites_of!(step_mut, inline = [Kind0, Kind1]);
/// One multiplication and a store, `&mut self`, every object in a box of its own.
pub(crate) static STEP_MUT: Family = Family {
    plain: loops!(copies!(0, |order| &mut order.boxes, |body, x| body.step_mut(x))),
    control: loops!(copies!(1, |order| &mut order.boxes, |body, x| body.step_mut(x))),
    site: &STEP_MUT_SITE,
    inline: Some(&STEP_MUT_INLINE),
    specialize: Some(loops!(copies!(0, |order| &mut order.boxes, |body, x| {
        specialize!(body = &mut **body: [Kind0, Kind1] in { body.step_mut(x) })
    }))),
    by_hand: Some(loops!(copies!(
        0,
        |order| &mut order.boxed_enums,
        |body, x| body.step_mut(x)
    ))),
    enum_dispatch: Some(loops!(copies!(
        0,
        |order| &mut order.boxed_dispatched,
        |body, x| static_call_bench_bodies::DispatchedBody::step_mut(&mut **body, x)
    ))),
    devirt: Some(loops!(copies!(
        0,
        |order| &mut order.boxed_devirt,
        |body, x| body.step_mut(x)
    ))),
    generics: None,
};

/// The same object for a whole loop: the compiler does not know which, but it knows
/// that it stays the same.
macro_rules! one_receiver {
    ($order:ident, $objects:ident, |$body:ident, $x:ident| $call:expr) => {{
        let $body = black_box($order.$objects[0]);
        let mut $x = 1;
        for _ in 0..CALLS {
            $x = $call;
        }
        $x
    }};
}

macro_rules! receiver_sites_of {
    ($method:ident $(, $list:ident = $types:tt)?) => {
        sites!(whole_copies!(0, |order| one_receiver!(
            order,
            objects,
            |body, x| static_call!(body.$method(x) $(, $list = $types)?)
        )))
    };
}

static RECEIVER_SITE: Copies = receiver_sites_of!(step);
static RECEIVER_INLINE: Copies = receiver_sites_of!(step, inline = [Kind0, Kind1]);
/// One multiplication, all calls in a loop on one object.
pub(crate) static RECEIVER: Family = Family {
    plain: loops!(whole_copies!(0, |order| one_receiver!(
        order,
        objects,
        |body, x| body.step(x)
    ))),
    control: loops!(whole_copies!(1, |order| one_receiver!(
        order,
        objects,
        |body, x| body.step(x)
    ))),
    site: &RECEIVER_SITE,
    inline: Some(&RECEIVER_INLINE),
    specialize: Some(loops!(whole_copies!(0, |order| {
        let body = black_box(order.objects[0]);
        specialize!(body: [Kind0, Kind1] in {
            let mut x = 1;
            for _ in 0..CALLS {
                x = body.step(x);
            }
            x
        })
    }))),
    by_hand: Some(loops!(whole_copies!(0, |order| one_receiver!(
        order,
        enums,
        |body, x| body.step(x)
    )))),
    enum_dispatch: Some(loops!(whole_copies!(0, |order| one_receiver!(
        order,
        dispatched,
        |body, x| static_call_bench_bodies::DispatchedBody::step(body, x)
    )))),
    devirt: Some(loops!(whole_copies!(0, |order| one_receiver!(
        order,
        devirt,
        |body, x| body.step(x)
    )))),
    generics: Some(loops!(whole_copies!(0, |order| one_receiver!(
        order,
        first,
        |body, x| Body::step(body, x)
    )))),
};
