//! As `handlebars::HelperDef`: methods with lifetimes that outlive each other, and a
//! blanket impl for functions of all lifetimes.

use std::fmt::Write;

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

struct Helper<'rc>(&'rc str);
struct Registry<'reg>(&'reg str);
struct Data(u32);
struct RenderContext<'reg, 'rc> {
    current: Option<&'rc Data>,
    template: &'reg str,
}
#[derive(Debug, PartialEq)]
struct ScopedJson<'rc>(&'rc str);
#[derive(Debug, PartialEq)]
struct RenderError;

type HelperResult = Result<(), RenderError>;

trait Output {
    fn write(&mut self, segment: &str) -> std::fmt::Result;
}

impl Output for String {
    fn write(&mut self, segment: &str) -> std::fmt::Result {
        self.write_str(segment)
    }
}

#[static_dispatch(targets = 2, object = FastHelper)]
trait HelperDef {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        _: &Helper<'rc>,
        _: &'reg Registry<'reg>,
        _: &'rc Data,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        Err(RenderError)
    }
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Registry<'reg>,
        data: &'rc Data,
        context: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let json = self.call_inner(helper, registry, data, context)?;
        out.write(json.0).map_err(|_| RenderError)
    }
}

impl<
    F: for<'reg, 'rc> Fn(
        &Helper<'rc>,
        &'reg Registry<'reg>,
        &'rc Data,
        &mut RenderContext<'reg, 'rc>,
        &mut dyn Output,
    ) -> HelperResult,
> HelperDef for F
{
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Registry<'reg>,
        data: &'rc Data,
        context: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        (*self)(helper, registry, data, context, out)
    }
}

struct Lookup;

impl HelperDef for Lookup {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Registry<'reg>,
        data: &'rc Data,
        context: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        context.current = Some(data);
        context.template = registry.0;
        Ok(ScopedJson(if data.0 > 1 { registry.0 } else { helper.0 }))
    }
}

fn written(
    _: &Helper<'_>,
    registry: &Registry<'_>,
    data: &Data,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    out.write(registry.0).map_err(|_| RenderError)?;
    out.write(&data.0.to_string()).map_err(|_| RenderError)
}

#[test]
fn a_helper() {
    let plain: [Box<dyn HelperDef + Send + Sync>; 2] = [Box::new(Lookup), Box::new(written)];
    let fast: [Box<dyn FastHelper + Send + Sync>; 2] = [Box::new(Lookup), Box::new(written)];
    in_every_state(file!(), "call", || {
        for (plain, fast) in plain.iter().zip(&fast) {
            let (text, data) = (String::from("registry"), Data(2));
            let registry = Registry(&text);
            let helper = Helper("helper");
            let mut context = RenderContext {
                current: None,
                template: "",
            };
            let mut outs: [String; 3] = Default::default();
            let [plainly, by_site, by_object] = &mut outs;
            plain
                .call(&helper, &registry, &data, &mut context, plainly)
                .expect("it is written");
            static_call!(plain.call(&helper, &registry, &data, &mut context, by_site))
                .expect("it is written");
            fast.call(&helper, &registry, &data, &mut context, by_object)
                .expect("it is written");
            assert_eq!((&*by_site, &*by_object), (&*plainly, &*plainly));
        }
    });
    in_every_state(file!(), "call_inner", || {
        let (text, data) = (String::from("registry"), Data(2));
        let registry = Registry(&text);
        let mut context = RenderContext {
            current: None,
            template: "",
        };
        let by_site =
            static_call!(plain[0].call_inner(&Helper("h"), &registry, &data, &mut context));
        assert_eq!(by_site, Ok(ScopedJson("registry")));
        let by_object = fast[0].call_inner(&Helper("h"), &registry, &data, &mut context);
        assert_eq!(by_object, by_site);
        assert_eq!(
            (context.template, context.current.map(|data| data.0)),
            ("registry", Some(2))
        );
    });
}
