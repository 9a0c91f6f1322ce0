// What stands in one trait, impl, call, list or binding may come from the file and from
// macros in any mixture.
#![deny(warnings)]
use static_call::{binding, runtime, specialize, static_call, static_dispatch};

/// The attribute is the macro's, all else is the file's.
macro_rules! hot {
    ($($item:tt)*) => { #[static_dispatch] $($item)* };
}

hot! {
    pub trait Codec: Send + Sync {
        #[static_dispatch(none = 0)]
        fn encode(&self, source: &[u8]) -> usize;
        #[static_dispatch]
        fn reset(&mut self);
        #[static_dispatch]
        fn pinned(self: std::pin::Pin<&mut Self>) -> u8 {
            let _ = self;
            1
        }
        fn left_alone(&self) -> u8 {
            2
        }
    }
}

pub struct Lz4(usize);

hot! {
    impl Codec for Lz4 {
        fn encode(&self, source: &[u8]) -> usize {
            self.0 + source.len()
        }
        fn reset(&mut self) {
            self.0 = 0;
        }
    }
}

/// The attribute with its options.
macro_rules! hot_with {
    ([$($options:tt)*] $targets:literal $item:item) => {
        #[static_dispatch(targets = $targets, $($options)*)]
        $item
    };
}

hot_with! {
    [object = FastStep] 3
    pub trait Step {
        fn step(&self, x: u64) -> u64;
        unsafe fn forward(&mut self, x: u64) -> u64;
    }
}

/// All but the attribute, and nobody calls what that writes.
macro_rules! uncalled {
    ($(#[$attribute:meta])*) => {
        mod uncalled {
            use static_call::static_dispatch;

            $(#[$attribute])*
            pub trait Uncalled {
                #[static_dispatch]
                fn called_plainly(&self, x: u8) -> u8;
                fn left_alone(&self) -> u8;
            }

            impl Uncalled for u8 {
                fn called_plainly(&self, x: u8) -> u8 {
                    x
                }
                fn left_alone(&self) -> u8 {
                    *self
                }
            }
        }
    };
}

uncalled! { #[static_dispatch(object = FastUncalled)] }

/// The methods are the file's, the trait is the macro's.
macro_rules! with_methods {
    ($name:ident, $($methods:tt)*) => {
        #[static_dispatch]
        pub trait $name: Send + Sync {
            $($methods)*
            #[static_dispatch]
            fn of_the_macro(&self) -> u8;
        }
    };
}

with_methods! { Mixed, #[static_dispatch(inline = [One])] fn of_the_file(&self, x: u8) -> u8; }

/// The attribute and the signature, but not the receiver, or the receiver's type.
macro_rules! with_receiver {
    ($name:ident, $this:ident, $receiver:ty, $result:ty, $nothing:ty, $body:expr) => {
        #[static_dispatch(object = FastReceived)]
        pub trait $name: Send + Sync {
            type Item: Default;
            #[static_dispatch]
            fn by_reference(&$this, other: $result) -> $result;
            #[static_dispatch]
            fn exclusively(&mut $this) -> u8;
            #[static_dispatch]
            fn by_type($this: $receiver) -> $result;
            #[static_dispatch]
            fn nothing(&$this) -> $nothing;
            fn left_alone(&$this) -> u8 { $body }
        }
    };
}

with_receiver! { Received, self, &Self, Self::Item, (), { let _ = self; 9 } }

/// The trait's path, the type and the body.
macro_rules! implement {
    ($of:path, $ty:ty { $($items:tt)* }) => {
        #[static_dispatch]
        impl $of for $ty { $($items)* }
    };
}

pub struct One;

implement! { Mixed, One { fn of_the_file(&self, x: u8) -> u8 { x } fn of_the_macro(&self) -> u8 { 1 } } }
implement! { crate::Step, One { fn step(&self, x: u64) -> u64 { x } unsafe fn forward(&mut self, x: u64) -> u64 { x } } }
implement! {
    Received, One {
        type Item = u32;
        fn by_reference(&self, other: u32) -> u32 { other }
        fn exclusively(&mut self) -> u8 { 2 }
        fn by_type(self: &Self) -> u32 { 3 }
        fn nothing(&self) {}
    }
}

/// Every part of a call by itself.
macro_rules! call {
    ($receiver:expr, $method:ident, ($($argument:expr),*), [$($ty:ty),*]) => {{
        let codec = 0_u8; // not the caller's
        let _ = codec;
        static_call!($receiver.$method($($argument),*), inline = [$($ty),*])
    }};
    ($receiver:ident . $($call:tt)*) => {
        static_call!($receiver.$($call)*)
    };
}

/// Every part of a region by itself.
macro_rules! region {
    ($name:ident, $receiver:expr, [$($ty:ty),*], $block:block) => {
        specialize!($name = $receiver: [$($ty),*] in $block)
    };
}

/// Every part of a binding by itself.
macro_rules! bind {
    ($vis:vis $name:ident: $object:ty = $initial:expr) => {
        binding! { $vis static $name: $object = $initial; }
    };
    ($name:ident, lazily $block:block) => {
        binding! { static $name: dyn Codec = lazy $block; }
    };
}

/// Parts of a declared result.
macro_rules! unbound {
    ($name:ident, $sum:expr) => {
        #[static_dispatch]
        pub trait $name: Send + Sync {
            #[static_dispatch(none = 2 * $sum)]
            fn twice(&self) -> u64;
        }
    };
}

unbound! { Twice, 1 + 2 }

binding! { static NOTHING: dyn Twice = None; }

bind!(pub CODEC: dyn Codec + Send = Lz4(1));
bind!(LATER, lazily { Box::new(Lz4(2)) });
bind!(MIXED: dyn Mixed = One);
bind!(RECEIVED: dyn Received<Item = u32> = One);

fn main() {
    runtime::retarget().unwrap();
    let uncalled: &dyn uncalled::Uncalled = &1_u8;
    assert_eq!(uncalled.called_plainly(1) + uncalled.left_alone(), 2);
    let mut lz4 = Lz4(1);
    {
        let codec: &mut dyn Codec = &mut lz4;
        assert_eq!(call!(codec, encode, (b"abc"), [Lz4]), 4);
        assert_eq!(call!(codec.encode(b"ab")), 3);
        static_call!(codec.reset());
        let mut pinned: std::pin::Pin<Box<dyn Codec>> = Box::pin(Lz4(2));
        assert_eq!(static_call!(pinned.as_mut().pinned()), 1);
    }
    let codec: &(dyn Codec + 'static) = &lz4;
    assert_eq!(
        region!(codec, codec, [Lz4], {
            codec.encode(b"") + usize::from(static_call!(codec.encode(b"")) == 9)
        }),
        0
    );
    let one: &dyn Mixed = &One;
    assert_eq!(
        static_call!(one.of_the_file(static_call!(one.of_the_macro()))),
        1
    );
    let one: &mut dyn Received<Item = u32> = &mut One;
    assert_eq!(
        static_call!(one.by_reference(5)) + static_call!(one.by_type()),
        8
    );
    static_call!(one.nothing());
    assert_eq!(static_call!(one.exclusively()) + one.left_alone(), 11);
    let mut one: Box<dyn FastReceived<Item = u32>> = Box::new(One);
    assert_eq!(one.by_reference(5) + one.by_type(), 8);
    assert_eq!(one.exclusively() + one.left_alone(), 11);
    let one: &dyn FastStep = &One;
    assert_eq!(one.step(7), 7);
    assert_eq!(CODEC.encode(b"abc") + LATER.encode(b""), 6);
    assert_eq!(
        u32::from(MIXED.of_the_file(3)) + RECEIVED.by_reference(4) + RECEIVED.by_type(),
        10
    );
    RECEIVED.nothing();
    assert_eq!(NOTHING.twice(), 6);
}
