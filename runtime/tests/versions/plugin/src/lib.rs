//! A plugin of another version.

use static_call::static_dispatch;

#[static_dispatch(targets = 2)]
pub trait Step {
    fn step(&self, x: u64) -> u64;
}

struct Add;

impl Step for Add {
    fn step(&self, x: u64) -> u64 {
        x + 1
    }
}

static_call::export_plugin! {
    "add" => fn() -> Box<dyn Step> { Box::new(Add) },
}
