use std::future::Future;

use aircall_conformance::{
    Check, Endpoint, Report, Token,
    case::Case,
    catalogue::{Selection, catalogue},
};
use axum::Router;
use futures_util::{FutureExt, StreamExt, future::LocalBoxFuture, stream::iter};

use super::knowing;
use crate::receivers::{PATIENCE, TOKEN, check, deviations, serve_app};

/// A receiver that breaks one case, and what has to be found.
pub(super) struct Breaker {
    found: String,
    report: LocalBoxFuture<'static, Report>,
}

impl Breaker {
    /// `found` is verdict, case and reason, as in `fail token/null: let-in`.
    pub(super) fn new(found: impl Into<String>, report: impl Future<Output = Report> + 'static) -> Self {
        Self { found: found.into(), report: report.boxed_local() }
    }

    pub(super) fn id(&self) -> &str {
        self.found.split([' ', ':']).nth(1).unwrap()
    }

    pub(super) fn section(&self) -> &str {
        self.id().split_once('/').unwrap().0
    }
}

/// Judges them, several at a time, and compares what is found.
pub(super) async fn prove(breakers: Vec<Breaker>) {
    let judged = breakers.into_iter().map(|breaker| async move { (breaker.found, deviations(&breaker.report.await)) });
    let wrong: Vec<_> = iter(judged)
        .buffer_unordered(AT_ONCE)
        .filter(|(wanted, found)| std::future::ready(!is_it(wanted, found)))
        .map(|(wanted, found)| format!("{wanted}, but found {found:?}"))
        .collect()
        .await;
    assert!(wrong.is_empty(), "{} are not found as they should be:\n{}", wrong.len(), wrong.join("\n"));
}

/// Where no reason is given, any will do.
fn is_it(wanted: &str, found: &[String]) -> bool {
    matches!(found, [only] if only.strip_prefix(wanted).is_some_and(|reason| reason.is_empty() || reason.starts_with(':')))
}

/// Judges an app in this process.
pub(super) async fn in_process(app: Router, selection: Selection) -> Report {
    let endpoint = Endpoint::service("/aircall/webhook", app);
    let check = Check::new(endpoint, Token::new(TOKEN).unwrap()).with_timeout(PATIENCE);
    knowing(check).with_selection(selection).run().await.unwrap()
}

/// Judges an app over sockets.
pub(super) async fn over_sockets(app: Router, selection: Selection) -> Report {
    let receiver = serve_app(app).await;
    knowing(check(&receiver.url)).with_selection(selection).run().await.unwrap()
}

pub(super) fn section(section: &str) -> Selection {
    Selection::default().section(section).unwrap()
}

/// The same without the cases of which this is true.
pub(super) fn without(selection: Selection, unwanted: impl Fn(&Case) -> bool) -> Selection {
    let cases = catalogue().into_iter().filter(unwanted);
    cases.fold(selection, |selection, case| selection.skip(&case.id).unwrap())
}

/// A body of the larger ones, of which each takes a debug build longer than all other cases together.
pub(super) fn is_heavy(case: &Case) -> bool {
    let heavy = [
        "body/512-kib",
        "body/size-ladder",
        "body/over-long",
        "body/over-long-chunked",
        "body/gzip-bomb",
        "body/very-deep",
    ];
    heavy.contains(&&*case.id)
}

const AT_ONCE: usize = 16;
