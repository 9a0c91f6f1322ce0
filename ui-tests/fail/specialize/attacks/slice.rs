// What the regions in `attack_*.rs` are written about.
#[static_call::static_dispatch]
trait Adapter<'a, T: 'a> {
    fn frames(&self) -> usize;
    fn whole(&self) -> &'a [T];
    fn name(&self) -> &str;
    fn set_name(&mut self, name: &str);
    fn copy_to(&self, to: &mut Vec<T>)
    where
        Self: Sized;
}

struct Slice<'a, T> {
    data: &'a [T],
    name: String,
}

impl<'a, T: Copy + 'a> Adapter<'a, T> for Slice<'a, T> {
    fn frames(&self) -> usize {
        self.data.len()
    }
    fn whole(&self) -> &'a [T] {
        self.data
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn set_name(&mut self, name: &str) {
        self.name = name.to_owned();
    }
    fn copy_to(&self, to: &mut Vec<T>) {
        to.extend(self.data);
    }
}
