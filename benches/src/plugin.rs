//! The object of a plugin's type.

use std::path::Path;
use std::sync::OnceLock;

use static_call::runtime::{Plugin, PluginBox};
use static_call_bench_bodies::Body;

/// An object of the plugin's type; the plugin is loaded once and stays.
///
/// # Errors
/// The plugin is not where cargo leaves it, or was refused. In words.
pub fn body() -> Result<&'static dyn Body, String> {
    static BODY: OnceLock<Result<&'static dyn Body, String>> = OnceLock::new();
    BODY.get_or_init(load).clone()
}

fn load() -> Result<&'static dyn Body, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let name = format!(
        "{}static_call_bench_plugin{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    );
    // Where cargo leaves a dependency's shared object, and tests.
    let folder = program.parent().unwrap_or(Path::new("."));
    let path = if folder.ends_with("deps") {
        folder.join(name)
    } else {
        folder.join("deps").join(name)
    };
    // SAFETY: the library that cargo built along with this program, from the same
    // sources, with the same allocator; it is never unloaded.
    let plugin = unsafe { Plugin::load(&path) }.map_err(|error| error.to_string())?;
    let object: PluginBox<dyn Body> = plugin
        .construct("foreign", ())
        .map_err(|error| error.to_string())?;
    Ok(&**Box::leak(Box::new(object)))
}
