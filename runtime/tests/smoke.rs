//! The whole path once: plain, learned, patched, hit.
use static_call::runtime::{self, Config, Mode, State};
use static_call::{static_call, static_dispatch};

#[static_dispatch]
trait Codec: Send {
    #[static_dispatch(targets = 2)]
    fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize;
    #[static_dispatch]
    fn label(&self, x: Option<String>) -> Option<String>;
    fn name(&self) -> &str;
}
struct Store;
struct Twice(u8);
#[static_dispatch]
impl Codec for Store {
    fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize {
        into.extend_from_slice(source);
        source.len()
    }
    fn label(&self, x: Option<String>) -> Option<String> {
        x.map(|x| x + "store")
    }
    fn name(&self) -> &str {
        "store"
    }
}
impl Codec for Twice {
    fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize {
        into.extend(source.iter().flat_map(|b| [*b, self.0]));
        source.len() * 2
    }
    fn label(&self, x: Option<String>) -> Option<String> {
        x.map(|x| x + "twice")
    }
    fn name(&self) -> &str {
        "twice"
    }
}

fn hot(c: &(dyn Codec + Sync), s: &[u8], d: &mut Vec<u8>) -> usize {
    static_call!(c.encode(s, d))
}

#[test]
fn a_site_is_learned_patched_and_hit() {
    runtime::configure(Config::default().mode(Mode::Always)).unwrap();
    let codecs: [Box<dyn Codec + Sync>; 2] = [Box::new(Store), Box::new(Twice(7))];
    let mut out = Vec::new();
    for i in 0..2000 {
        out.clear();
        let c = &codecs[usize::from(i % 5 == 0)];
        let n = hot(&**c, b"abc", &mut out);
        assert_eq!(n, out.len());
        let l = static_call!(c.label(Some("x".to_owned())));
        assert_eq!(l, Some(format!("x{}", c.name())));
    }
    println!("{}", runtime::retarget().unwrap());
    println!("{}", runtime::report());
    for i in 0..5000 {
        out.clear();
        let c = &codecs[usize::from(i % 5 == 0)];
        let n = hot(&**c, b"abc", &mut out);
        assert_eq!(n, out.len());
    }
    let report = runtime::report();
    println!("{report}");
    let site = report.sites.iter().find(|s| s.method == "encode").unwrap();
    assert_eq!(site.state, State::Patched);
    assert_eq!(site.misses, 0);
    runtime::configure(Config::default().mode(Mode::Auto)).unwrap();
    for _ in 0..20 {
        runtime::retarget().unwrap();
    }
    println!("{}", runtime::report());
}
