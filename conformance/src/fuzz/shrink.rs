use super::{
    damage::Damage,
    json::{Json, NULL, Spacing, letters},
    plan::Plan,
};

/// A way to make a plan a little smaller.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    OnePacket,
    TwoPackets(u16),
    Compact,
    DropEdits(usize, usize),
    LessDamage(Damage),
    /// Does something to the node at this path of the event, once all edits are made.
    Node(Vec<usize>, Change),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// Takes these children out.
    Drop(usize, usize),
    /// Puts a child in its place.
    Hoist(usize),
    Put(Json),
}

/// Returns the steps that can be taken, the large ones first.
///
/// What was done to the event comes before the event itself: which of five changes a receiver trips over is the better
/// half of the answer, and it has to be known before the fields that are left out confuse it.
pub(super) fn steps(plan: &Plan) -> Vec<Step> {
    let mut steps = vec![];
    if !plan.packets.is_empty() {
        steps.push(Step::OnePacket);
    }
    if plan.packets.len() > 1 {
        steps.extend(plan.packets.iter().map(|&at| Step::TwoPackets(at)));
    }
    if plan.spacing != Spacing::Compact {
        steps.push(Step::Compact);
    }
    steps.extend(parts(plan.edits.len()).into_iter().map(|(from, to)| Step::DropEdits(from, to)));
    steps.extend(plan.damage.iter().flat_map(Damage::smaller).map(Step::LessDamage));
    let settled = plan.settled();
    let Json::Object(envelope) = &settled.event else { return steps };
    for (at, (key, value)) in envelope.iter().enumerate() {
        match &**key {
            "data" => in_data(value, at, &mut steps),
            "resource" | "event" | "timestamp" | "token" => {}
            _ => steps.push(Step::Node(vec![], Change::Drop(at, at + 1))),
        }
    }
    steps
}

fn in_data(data: &Json, at: usize, steps: &mut Vec<Step>) {
    let nodes = [vec![]].into_iter().chain(data.paths().into_iter().map(|(path, _)| path));
    for path in nodes {
        let Some(node) = data.get(&path) else { continue };
        let is_data = path.is_empty();
        let path: Vec<_> = [at].into_iter().chain(path).collect();
        let mut with = |change| steps.push(Step::Node(path.clone(), change));
        match node {
            Json::Array(_) | Json::Object(_) => {
                let children = node.children();
                parts(children.len()).into_iter().for_each(|(from, to)| with(Change::Drop(from, to)));
                if !is_data {
                    let deep = children.iter().enumerate().filter(|(_, (_, child))| !child.children().is_empty());
                    deep.for_each(|(index, _)| with(Change::Hoist(index)));
                    with(Change::Put(NULL));
                }
            }
            Json::Text(text) => {
                let letters = letters(text);
                for (from, to) in parts(letters.len()).into_iter().take(15) {
                    let shorter = [&letters[..from], &letters[to..]].concat().concat();
                    with(Change::Put(Json::Text(shorter)));
                }
            }
            Json::Bare(text) if !["0", "null", "true", "false"].contains(&&**text) => {
                with(Change::Put(Json::Bare("0".into())));
            }
            _ => {}
        }
    }
}

impl Step {
    pub(super) fn take(&self, plan: &Plan) -> Plan {
        let mut plan = match self {
            Self::Node(..) => plan.settled(),
            _ => plan.clone(),
        };
        match self {
            Self::OnePacket => plan.packets.clear(),
            Self::TwoPackets(at) => plan.packets = vec![*at],
            Self::Compact => plan.spacing = Spacing::Compact,
            Self::DropEdits(from, to) => drop(plan.edits.drain(from..to)),
            Self::LessDamage(damage) => plan.damage = Some(damage.clone()),
            Self::Node(path, change) => {
                if let Some(node) = plan.event.at(path) {
                    change.make(node);
                }
            }
        }
        plan
    }
}

impl Change {
    fn make(&self, node: &mut Json) {
        match (self, &mut *node) {
            (Self::Drop(from, to), Json::Array(items)) => drop(items.drain(from..to)),
            (Self::Drop(from, to), Json::Object(fields)) => drop(fields.drain(from..to)),
            (Self::Hoist(index), _) => {
                if let Some(child) = node.get(&[*index]).cloned() {
                    *node = child;
                }
            }
            (Self::Put(value), _) => *node = value.clone(),
            _ => {}
        }
    }
}

/// Returns what can be taken out of so many: all, then each half, each quarter, and so on to each one.
fn parts(count: usize) -> Vec<(usize, usize)> {
    let mut parts = vec![];
    let mut size = count;
    while size > 0 {
        parts.extend((0..count).step_by(size).map(|from| (from, (from + size).min(count))));
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::fuzz::dice::Dice;

    #[test]
    fn parts_are_all_then_halves_then_each() {
        assert_eq!(parts(0), []);
        assert_eq!(parts(1), [(0, 1)]);
        assert_eq!(parts(3), [(0, 3), (0, 2), (2, 3), (0, 1), (1, 2), (2, 3)]);
    }

    /// Otherwise shrinking would never end.
    #[test]
    fn every_step_goes_down_and_there_is_an_end() {
        let mut runner = TestRunner::deterministic();
        for _ in 0..8 {
            let mut plan = Plan::valid(&mut Dice::new(&mut runner));
            let mut taken = 0;
            while let Some(step) = steps(&plan).pop() {
                let next = step.take(&plan);
                assert_ne!(next, plan, "{step:?}");
                plan = next;
                taken += 1;
                assert!(taken < 20_000);
            }
        }
    }
}
