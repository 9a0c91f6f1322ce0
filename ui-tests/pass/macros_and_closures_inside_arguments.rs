use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 2)]
trait Sink {
    fn put(&mut self, text: String, then: &mut dyn FnMut(usize)) -> usize;
    fn all(&mut self, texts: Vec<String>, keep: Box<dyn Fn(&str) -> bool>);
}

impl Sink for String {
    fn put(&mut self, text: String, then: &mut dyn FnMut(usize)) -> usize {
        self.push_str(&text);
        then(self.len());
        text.len()
    }
    fn all(&mut self, texts: Vec<String>, keep: Box<dyn Fn(&str) -> bool>) {
        self.extend(texts.into_iter().filter(|text| keep(text)));
    }
}

fn fill(sink: &mut dyn Sink) -> usize {
    let mut length = 0;
    static_call!(sink.put(format!("{}-{}", 1, 2), &mut |now| length = now));
    static_call!(sink.all(
        vec!["a".to_owned(), "bb".to_owned()],
        Box::new(|text| text.len() > 1)
    ));
    length
}

fn each(sinks: &mut [Box<dyn Sink>]) -> usize {
    sinks
        .iter_mut()
        .map(|sink| static_call!(sink.put(String::from("x"), &mut |_| {})))
        .sum()
}

fn main() {
    let mut sink = String::new();
    assert_eq!(fill(&mut sink), 3);
    assert_eq!(sink, "1-2bb");
    assert_eq!(each(&mut [Box::new(String::new()), Box::new(sink)]), 2);
}
