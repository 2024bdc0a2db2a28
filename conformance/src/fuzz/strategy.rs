use std::time::{Duration, SystemTime};

use proptest::{
    strategy::{NewTree, Strategy, ValueTree},
    test_runner::TestRunner,
};

use super::{
    damage::Damage,
    dice::Dice,
    input::{Class, Input},
    plan::Plan,
    shrink::{Step, steps},
};
use crate::Token;

/// Makes events that are valid by construction: of every kind, from the table of fields and from real bodies, with all
/// that JSON allows and all that Aircall varies.
///
/// A value shrinks to the smallest body that a test still fails for, and stays valid.
///
/// ```
/// use aircall_conformance::{Token, fuzz};
/// use proptest::{prop_assert, test_runner::{Config, TestRunner}};
///
/// let token = Token::new("secret")?;
/// // As small as this only for the sake of the example; `proptest!` does the same with less around it.
/// let mut runner = TestRunner::new(Config { cases: 32, failure_persistence: None, ..Config::default() });
/// runner.run(&fuzz::event(&token), |input| {
///     let text = std::str::from_utf8(input.body()).unwrap();
///     prop_assert!(text.contains(r#""secret""#), "{input:?}");
///     Ok(())
/// })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn event(token: &Token) -> Inputs {
    Inputs::new(token, Mix::Valid)
}

/// Makes what no honest sender sends: events with a wrong token or none, and what is malformed, ambiguous or strange.
/// [`Input::class`] tells which.
#[must_use]
pub fn hostile(token: &Token) -> Inputs {
    Inputs::new(token, Mix::Hostile)
}

/// Makes both, honest events a little more often.
#[must_use]
pub fn input(token: &Token) -> Inputs {
    Inputs::new(token, Mix::Both)
}

/// A strategy that makes [`Input`]s.
#[derive(Debug, Clone)]
pub struct Inputs {
    token: Token,
    now: SystemTime,
    mix: Mix,
}

/// Which inputs are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mix {
    Valid,
    Hostile,
    Both,
}

impl Inputs {
    pub(super) fn new(token: &Token, mix: Mix) -> Self {
        Self { token: token.clone(), now: SystemTime::UNIX_EPOCH + FIXTURES, mix }
    }

    /// The same at another time, which the events bear. Without it, that is the time of the fixtures.
    #[must_use]
    pub fn at(self, now: SystemTime) -> Self {
        Self { now, ..self }
    }
}

impl Strategy for Inputs {
    type Tree = InputTree;
    type Value = Input;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let mut dice = Dice::new(runner);
        let is_valid = match self.mix {
            Mix::Valid => true,
            Mix::Hostile => false,
            Mix::Both => dice.below(5) < 3,
        };
        let has_uppercase = self.token.expose().to_uppercase() != self.token.expose();
        let plan = if is_valid { Plan::valid(&mut dice) } else { Plan::hostile(has_uppercase, &mut dice) };
        let input = plan.input(&self.token, self.now).ok_or("this input does not exist for the token")?;
        Ok(InputTree {
            strategy: self.clone(),
            steps: None,
            known: plan.clone(),
            current: plan,
            input,
            tried: 0,
            is_moving: false,
        })
    }
}

/// An [`Input`], and the smaller ones that can be made of it.
#[derive(Debug, Clone)]
pub struct InputTree {
    strategy: Inputs,
    /// The last that the test failed for.
    known: Plan,
    /// What can be tried from there, once somebody wants to know: most inputs pass.
    steps: Option<Vec<Step>>,
    current: Plan,
    input: Input,
    /// So many of the steps from the last known have been tried.
    tried: usize,
    /// Whether a step has succeeded since the first was tried.
    is_moving: bool,
}

impl InputTree {
    /// The current one, with a plainly wrong token and nothing else wrong.
    pub(super) fn with_stranger(&self) -> Option<Input> {
        let plan = Plan { damage: Some(Damage::stranger()), ..self.current.clone() };
        plan.input(&self.strategy.token, self.strategy.now)
    }

    fn next(&mut self) -> bool {
        let class = self.input.class;
        loop {
            let steps = self.steps.get_or_insert_with(|| steps(&self.known));
            let Some(step) = steps.get(self.tried) else {
                // What could not be left out before may have become so.
                if !std::mem::take(&mut self.is_moving) {
                    return false;
                }
                self.tried = 0;
                continue;
            };
            let plan = step.take(&self.known);
            match plan.input(&self.strategy.token, self.strategy.now) {
                Some(input) if input.class == class => {
                    (self.current, self.input) = (plan, input);
                    return true;
                }
                _ => self.tried += 1,
            }
        }
    }
}

impl ValueTree for InputTree {
    type Value = Input;

    fn current(&self) -> Input {
        self.input.clone()
    }

    /// Takes the current one for the smallest known, and goes on from there. The place among the steps is kept: what could
    /// not be left out a moment ago is not tried again at once.
    fn simplify(&mut self) -> bool {
        if self.known != self.current {
            self.known = self.current.clone();
            self.steps = None;
            self.is_moving = true;
        }
        self.next()
    }

    /// Goes back to the smallest known, and from there another way.
    fn complicate(&mut self) -> bool {
        self.tried += 1;
        let (class, known) = (self.input.class, self.known.clone());
        if self.next() {
            return true;
        }
        if let Some(input) = known.input(&self.strategy.token, self.strategy.now).filter(|input| input.class == class) {
            (self.current, self.input) = (known, input);
        }
        false
    }
}

impl Class {
    /// Tells whether an honest sender could have sent it.
    #[must_use]
    pub fn is_valid(self) -> bool {
        self == Self::Valid
    }
}

/// The time in the envelopes of the fixtures.
const FIXTURES: Duration = Duration::from_secs(1_790_000_000);
