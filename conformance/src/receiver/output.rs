use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    task::JoinHandle,
};

use crate::{MASK, Token, token::percent_encoded};

/// What is done with each line, the token masked, as soon as it is there.
pub type Echo = Option<fn(&str)>;

/// What a receiver has printed. The token in it is masked before a line is kept.
#[derive(Debug, Default)]
pub struct Output {
    kept: Arc<Mutex<Kept>>,
    token: Option<Arc<Token>>,
    echo: Echo,
    readers: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Kept {
    last: VecDeque<String>,
    token_in: Option<String>,
}

impl Output {
    pub(super) fn new(token: Token, echo: Echo) -> Self {
        Self { token: Some(Arc::new(token)), echo, ..Self::default() }
    }

    /// Returns the last lines, standard output and standard error in the order in which they came.
    #[must_use]
    pub fn last_lines(&self) -> Vec<String> {
        lock(&self.kept).last.iter().cloned().collect()
    }

    /// Returns the first place where the token stood in it, with what is around it.
    #[must_use]
    pub fn token_in(&self) -> Option<String> {
        lock(&self.kept).token_in.clone()
    }

    /// Reads to the end, so that the receiver never waits for a full pipe.
    pub(super) fn follow(&mut self, stream: Option<impl AsyncRead + Unpin + Send + 'static>) {
        let (Some(stream), Some(token)) = (stream, self.token.clone()) else { return };
        let (kept, echo) = (self.kept.clone(), self.echo);
        self.readers.push(tokio::spawn(async move {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).await.is_ok_and(|length| length > 0) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                line.clear();
                let masked = token.mask(&text);
                if let Some(echo) = echo {
                    echo(&masked);
                }
                lock(&kept).push(masked, token.occurs_in(&without_own_query(&text, &token)));
            }
        }));
    }

    /// Waits until everything is read, for as long as it takes to read what is there already: a process that has left
    /// the group may hold a pipe open for ever.
    pub(super) async fn finish(&mut self) {
        for reader in self.readers.drain(..) {
            let _ = tokio::time::timeout(Duration::from_secs(1), reader).await;
        }
    }
}

impl Kept {
    fn push(&mut self, line: String, holds_token: bool) {
        if holds_token && self.token_in.is_none() {
            self.token_in = Some(around_mask(&line));
        }
        if self.last.len() == LINES {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }
}

/// The case `token/query-only` puts the token into the URL, where no honest sender does; that an access log holds it is
/// not the receiver's fault.
fn without_own_query(line: &str, token: &Token) -> String {
    line.replace(&format!("token={}", percent_encoded(token.expose())), "")
}

/// A part of a line that is short enough for a report.
fn around_mask(line: &str) -> String {
    const BEFORE: usize = 40;
    const AFTER: usize = 15;
    let (before, after) = line.split_once(MASK).unwrap_or((line, ""));
    let before: Vec<char> = before.chars().collect();
    let cut = before.len().saturating_sub(BEFORE);
    let dots = if cut > 0 { "…" } else { "" };
    let after: String = if after.chars().count() > AFTER {
        after.chars().take(AFTER).chain(['…']).collect()
    } else {
        after.to_owned()
    };
    format!("{dots}{}{MASK}{after}", before[cut..].iter().collect::<String>().trim_start())
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// So many lines are kept: enough for the end of a stack trace or of a failed build.
const LINES: usize = 40;
