//! As `object_store::ObjectStore`: `async_trait`, supertraits that print, boxed
//! streams that borrow.

use std::fmt::{Debug, Display, Formatter};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

type Result<T> = std::result::Result<T, String>;
type BoxStream<'a, T> = Box<dyn Iterator<Item = T> + Send + 'a>;

#[derive(Debug, Clone, PartialEq)]
struct Path(String);

#[derive(Debug, Default, PartialEq)]
struct Options {
    range: Option<(u64, u64)>,
}

/// Stores objects.
#[async_trait]
#[static_dispatch(targets = 2, object = FastStore)]
trait ObjectStore: Display + Send + Sync + Debug + 'static {
    /// Puts.
    async fn put(&self, location: &Path, payload: Vec<u8>) -> Result<usize> {
        self.put_opts(location, payload, Options::default()).await
    }
    async fn put_opts(&self, location: &Path, payload: Vec<u8>, opts: Options) -> Result<usize>;
    async fn get(&self, location: &Path) -> Result<Vec<u8>>;
    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[std::ops::Range<u64>],
    ) -> Result<Vec<u64>> {
        let length = self.get(location).await?.len() as u64;
        Ok(ranges
            .iter()
            .map(|range| range.end.min(length) - range.start)
            .collect())
    }
    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<Path>>;
    fn delete_stream<'a>(
        &'a self,
        locations: BoxStream<'a, Result<Path>>,
    ) -> BoxStream<'a, Result<Path>> {
        Box::new(locations.map(move |path| path.map(|path| Path(format!("{self}/{}", path.0)))))
    }
}

#[derive(Debug)]
struct Memory(Vec<u8>);

impl Display for Memory {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("memory")
    }
}

#[async_trait]
impl ObjectStore for Memory {
    async fn put_opts(&self, location: &Path, payload: Vec<u8>, opts: Options) -> Result<usize> {
        Ok(location.0.len() + payload.len() + usize::from(opts.range.is_some()))
    }
    async fn get(&self, location: &Path) -> Result<Vec<u8>> {
        if location.0.is_empty() {
            Err("no name".to_owned())
        } else {
            Ok(self.0.clone())
        }
    }
    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<Path>> {
        let prefix = prefix.cloned().ok_or_else(|| "no prefix".to_owned());
        Box::new(std::iter::once(prefix))
    }
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("memory does not wait"),
    }
}

#[test]
fn an_object_store() {
    let plain: Box<dyn ObjectStore> = Box::new(Memory(vec![1, 2, 3]));
    let fast: Box<dyn FastStore> = Box::new(Memory(vec![1, 2, 3]));
    let path = Path("a/b".to_owned());
    in_every_state(file!(), "put", || {
        let expected = ready(plain.put(&path, vec![0; 4]));
        assert_eq!(ready(static_call!(plain.put(&path, vec![0; 4]))), expected);
        assert_eq!(ready(fast.put(&path, vec![0; 4])), expected);
    });
    in_every_state(file!(), "get_ranges", || {
        let expected = ready(plain.get_ranges(&path, &[0..2, 1..9]));
        assert_eq!(
            ready(static_call!(plain.get_ranges(&path, &[0..2, 1..9]))),
            expected
        );
        assert_eq!(ready(fast.get_ranges(&path, &[0..2, 1..9])), expected);
    });
    in_every_state(file!(), "delete_stream", || {
        let all = |stream: BoxStream<'_, Result<Path>>| stream.collect::<Vec<_>>();
        let expected = all(plain.delete_stream(plain.list(Some(&path))));
        let by_site = static_call!(plain.delete_stream(static_call!(plain.list(Some(&path)))));
        assert_eq!(all(by_site), expected);
        assert_eq!(all(fast.delete_stream(fast.list(Some(&path)))), expected);
        assert_eq!(all(fast.list(None)), [Err("no prefix".to_owned())]);
    });
    assert_eq!(fast.to_string(), "memory");
}
