//! As `egg::Searcher`: type parameters bounded by each other in a `where` clause, and
//! results that borrow from the object.

use std::fmt::Debug;

use static_call::{static_call, static_dispatch};

use crate::proof::in_every_state;

trait Language: Debug + Clone + Eq {
    type Discriminant: Debug + Clone;
    fn discriminant(&self) -> Self::Discriminant;
}

trait Analysis<L: Language>: Sized {
    type Data: Debug;
    fn make(node: &L) -> Self::Data;
}

struct EGraph<L: Language, N: Analysis<L>> {
    nodes: Vec<L>,
    data: Vec<N::Data>,
}

#[derive(Debug, PartialEq)]
struct SearchMatches<'a, L: Language> {
    class: usize,
    ast: Option<&'a L>,
}

#[static_dispatch(targets = 2, object = FastSearcher)]
trait Searcher<L, N>
where
    L: Language,
    N: Analysis<L>,
{
    fn search_eclass(&self, egraph: &EGraph<L, N>, class: usize) -> Option<SearchMatches<'_, L>> {
        self.search_eclass_with_limit(egraph, class, usize::MAX)
    }
    fn search_eclass_with_limit(
        &self,
        egraph: &EGraph<L, N>,
        class: usize,
        limit: usize,
    ) -> Option<SearchMatches<'_, L>>;
    fn search(&self, egraph: &EGraph<L, N>) -> Vec<SearchMatches<'_, L>> {
        let classes = 0..egraph.nodes.len();
        classes
            .filter_map(|class| self.search_eclass(egraph, class))
            .collect()
    }
    fn get_pattern_ast(&self) -> Option<&L> {
        None
    }
    fn vars(&self) -> Vec<u32>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Node(u8);

impl Language for Node {
    type Discriminant = u8;
    fn discriminant(&self) -> u8 {
        self.0
    }
}

struct Fold;

impl Analysis<Node> for Fold {
    type Data = u16;
    fn make(node: &Node) -> u16 {
        u16::from(node.0) * 2
    }
}

struct Pattern<L>(L);

impl<L: Language, N: Analysis<L>> Searcher<L, N> for Pattern<L> {
    fn search_eclass_with_limit(
        &self,
        egraph: &EGraph<L, N>,
        class: usize,
        limit: usize,
    ) -> Option<SearchMatches<'_, L>> {
        let matches = limit > 0 && egraph.nodes.get(class) == Some(&self.0);
        matches.then_some(SearchMatches {
            class,
            ast: Some(&self.0),
        })
    }
    fn get_pattern_ast(&self) -> Option<&L> {
        Some(&self.0)
    }
    fn vars(&self) -> Vec<u32> {
        vec![1]
    }
}

#[test]
fn a_searcher() {
    let nodes = vec![Node(1), Node(2), Node(1)];
    let egraph: EGraph<Node, Fold> = EGraph {
        data: nodes.iter().map(Fold::make).collect(),
        nodes,
    };
    assert_eq!(egraph.data, [2, 4, 2]);
    let plain: std::sync::Arc<dyn Searcher<Node, Fold> + Sync + Send> =
        std::sync::Arc::new(Pattern(Node(1)));
    let fast: std::sync::Arc<dyn FastSearcher<Node, Fold> + Sync + Send> =
        std::sync::Arc::new(Pattern(Node(1)));
    in_every_state(file!(), "search", || {
        let expected = plain.search(&egraph);
        assert_eq!(expected.len(), 2);
        assert_eq!(static_call!(plain.search(&egraph)), expected);
        assert_eq!(fast.search(&egraph), expected);
    });
    in_every_state(file!(), "search_eclass_with_limit", || {
        for limit in 0..2 {
            let expected = plain.search_eclass_with_limit(&egraph, 2, limit);
            assert_eq!(
                static_call!(plain.search_eclass_with_limit(&egraph, 2, limit)),
                expected
            );
            assert_eq!(fast.search_eclass_with_limit(&egraph, 2, limit), expected);
        }
    });
    assert_eq!(
        (fast.vars(), fast.get_pattern_ast()),
        (vec![1], Some(&Node(1)))
    );
}
