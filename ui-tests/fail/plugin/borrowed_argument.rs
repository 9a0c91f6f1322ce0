use static_call::runtime::{Plugin, PluginBox};
use static_call::static_dispatch;

#[static_dispatch]
trait Codec {
    #[static_dispatch]
    fn encode(&self) -> usize;
}

fn make(plugin: &Plugin) -> PluginBox<dyn Codec> {
    let name = String::from("gone by the time that the codec is used");
    plugin.construct("codec", name.as_str()).unwrap()
}

fn main() {}
