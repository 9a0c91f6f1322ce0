//! The types behind the objects.

/// An implementor of every trait of the matrix, with state to change. `SEED`
/// makes the results of each type its own.
#[derive(Debug, Clone)]
pub(crate) struct Kind<const SEED: u64> {
    pub(crate) calls: u64,
    pub(crate) name: String,
    pub(crate) bytes: [u8; 4],
}

/// The type that sites meet while they learn.
pub(crate) type Learned = Kind<3>;
/// The type that they meet only afterwards.
pub(crate) type Stranger = Kind<5>;

impl<const SEED: u64> Default for Kind<SEED> {
    fn default() -> Self {
        Kind {
            calls: SEED,
            name: format!("kind {SEED}"),
            bytes: [1, 2, 3, 4],
        }
    }
}
