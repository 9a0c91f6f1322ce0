#![deny(warnings)]

mod wide {
    use static_call::static_dispatch;

    #[static_dispatch(targets = 2)]
    pub(crate) trait Wide {
        fn wide(&self) -> u8;
    }

    pub(crate) mod deep {
        #[static_call::static_dispatch(targets = 2)]
        pub(in crate::wide) trait Deep {
            fn deep(&self) -> u8;
        }
        impl Deep for u8 {
            fn deep(&self) -> u8 {
                *self + 1
            }
        }
    }

    pub(crate) fn call(number: u8) -> u8 {
        let deep: &dyn deep::Deep = &number;
        static_call::static_call!(deep.deep())
    }
}

impl wide::Wide for u8 {
    fn wide(&self) -> u8 {
        *self
    }
}

fn in_function() -> usize {
    use static_call::{static_call, static_dispatch};

    #[static_dispatch]
    trait Local {
        #[static_dispatch]
        fn local(&self, text: String) -> usize;
    }

    struct Here(usize);

    #[static_dispatch]
    impl Local for Here {
        fn local(&self, text: String) -> usize {
            self.0 + text.len()
        }
    }

    let local: Box<dyn Local> = Box::new(Here(1));
    (0..3)
        .map(|_| static_call!(local.local("ab".to_owned())))
        .sum()
}

fn in_block() -> u8 {
    {
        #[static_call::static_dispatch(targets = 2)]
        trait Local {
            fn local(&self) -> u8;
        }
        impl Local for () {
            fn local(&self) -> u8 {
                9
            }
        }
        let local: &dyn Local = &();
        static_call::static_call!(local.local())
    }
}

fn main() {
    let wide: &dyn wide::Wide = &7_u8;
    assert_eq!(static_call::static_call!(wide.wide()), 7);
    assert_eq!(wide::call(1), 2);
    assert_eq!(in_function(), 9);
    assert_eq!(in_block(), 9);
}
