//! What users write, in as many ways as the grammar has.

/// Options.
pub(super) const ATTRIBUTES: &[&str] = &[
    "",
    "targets = 4",
    "unsafe(crate = ::facade::static_call)",
    "targets = 8, crate = ::other",
    "auto = [Unpin, ::std::panic::UnwindSafe]",
    "auto = all",
];

/// Traits that have objects.
pub(super) const TRAITS: &[&str] = &[
    "pub trait Codec: Send { #[static_dispatch(targets = 2)] fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize; fn name(&self) -> &str; }",
    "trait Empty {}",
    "#[cfg(all())] pub(crate) unsafe trait Risky<'a, T: Clone + 'a, const N: usize>: Send + Sync where T: 'static, [T; N]: Sized { #[static_dispatch] unsafe fn run(&mut self, x: [T; N], f: &dyn Fn(&T) -> T) -> Result<(), Box<dyn std::error::Error + 'a>>; #[static_dispatch(skip)] fn none(&self) where Self: Sized {} }",
    "trait Frames { type Frame: Copy + PartialEq<Self::Other>; type Other: Default; #[static_dispatch(targets = 8)] fn next(&mut self, last: Option<Self::Frame>) -> Option<Self::Frame>; #[static_dispatch] fn pair(&self) -> (Self::Other, <Self as Frames>::Frame); fn boxed(self: Box<Self>); }",
    "trait Lifetimes<'s> { #[static_dispatch] fn elided(&self, a: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result; #[static_dispatch] fn named<'a, 'b: 's>(&'a self, x: &'b mut Vec<&'a str>) -> &'a mut dyn Iterator<Item = &'b u8> where 'b: 'a; }",
    "#[allow(clippy::all)] #[doc = \"x\"] trait Bodies { #[static_dispatch] #[must_use] #[deprecated] fn twice(&self, (a, b): (u8, u8), [c, ..]: &[f32; 4], _: char) -> u128 { let _ = (a, b, c); self.once() } #[static_dispatch] fn once(self: &Self) -> u128; #[cfg(any())] #[static_dispatch] fn gone(&self); #[static_dispatch] fn never(&mut self, r#type: *const u8) -> !; }",
];

/// Implementations.
pub(super) const IMPLS: &[&str] = &[
    "impl Codec for Store { fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize { into.extend(source); source.len() } fn name(&self) -> &str { \"store\" } }",
    "impl<'a> crate::deep::Lifetimes<'a> for Borrowed<'a> where 'a: 'a { fn elided(&self, _: &str, _: &mut fmt::Formatter<'_>) -> fmt::Result { Ok(()) } }",
    "#[cfg(all())] impl Frames for (u8, [i32; 3]) { type Frame = u8; type Other = Vec<u8>; fn next(&mut self, _: Option<u8>) -> Option<u8> { None } }",
    "unsafe impl Risky<'static, String, 3> for fn(u8) -> u8 { unsafe fn run(&mut self) {} }",
];

/// What `static_call!` hands over, its own `$crate` first.
pub(super) const CALLS: &[&str] = &[
    "(facade::static_call) codec.encode(b\"abc\", &mut out)",
    "(::static_call) self.codecs[index].as_ref().unwrap().encode(&source[..n], into)",
    "(facade::static_call) ((*codec).name())",
    "(facade::static_call) make()?.step(|x| x + 1, if a { b } else { c }, match d { _ => e! { f } },)",
    "(::static_call) codec.encode(a, &mut b), inline = [Lz4, deep::Store<u8>]",
    "(facade::static_call) { let x = y; x }.r#fn(async move { z.await }, unsafe { *p })",
];

/// What `specialize!` hands over.
pub(super) const REGIONS: &[&str] = &[
    "(::static_call) codec: [Lz4, Store] in { for s in chunks { n += codec.encode(s, dst); } n }",
    "(facade::static_call) it = self.pick()?: [deep::Generic<T, 3>, (u8, [i32; 2])] in { it.step(9) }",
    "(::static_call) a: [A] in { specialize!(b: [B] in { return a.one() + b.two() }) }",
];

/// What `binding!` hands over.
pub(super) const BINDINGS: &[&str] = &[
    "(::static_call) pub static CODEC: dyn Codec + Sync = Store;",
    "(facade::static_call) #[doc = \"x\"] pub(crate) static METRICS: dyn deep::Metrics<u8> + Send = None; static LAZY: dyn Codec = lazy { let level = 3; Box::new(Level(level)) };",
    "(::static_call) static r#fn: dyn Step = { const fn two() -> Two { Two { x: [1; 2] } } two() };",
];
