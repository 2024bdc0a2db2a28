//! The page as a reader meets it: opened in a real browser, on a desk and on a phone, by day and by night.

use std::{path::Path, process::Command};

use aircall_conformance::report::Known;
use axum::{
    http::{Method, StatusCode},
    response::IntoResponse,
};
use serde::Deserialize;

use crate::{
    makes::{is_there, runs},
    receivers::{Received, check, serve},
};

/// What one look at the page has found.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct View {
    width: u32,
    color_scheme: String,
    console: Vec<String>,
    requests: Vec<String>,
    overflow: i32,
    sticks_out: Vec<String>,
    background: String,
    faint: Vec<String>,
    smallest: f64,
    narrowest: f64,
    headings: Vec<String>,
    squares: usize,
    rows: usize,
    scripts: usize,
    owned: bool,
    hidden: bool,
    led: bool,
    screenshot: String,
}

#[tokio::test]
async fn the_page_is_readable_and_asks_for_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let installed = runs("node", "--version") && folder.join("node_modules/playwright-core").exists();
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    if !is_there("Chromium", Path::new(&chromium).exists(), "apt-get install chromium")
        || !is_there("playwright-core", installed, "npm ci --prefix conformance/tests/browser")
    {
        return;
    }
    // One that tries to get markup of its own into the page, by every way there is.
    let receiver = serve(|request: Received| async move {
        match &*request.key("event") {
            _ if request.method == Method::GET => StatusCode::OK.into_response(),
            r#""team.created""# => (StatusCode::BAD_REQUEST, "x\"'><img src=/x onerror=owned=1>").into_response(),
            r#""team.destroyed""# => {
                (StatusCode::FOUND, [("location", "</td><script>owned=1</script>")]).into_response()
            }
            _ => request.due(),
        }
    });
    let receiver = receiver.await;
    let known = "[[known]]\ncase = \"http/get\"\nreason = \"<script>owned=1</script>\"\n[[known]]\ncase = \
                 \"token/wrong\"\nreason = \"</style><script>owned=1</script>\"";
    let report = check(&receiver.url).run().await.unwrap().with_known(&Known::from_toml(known).unwrap());
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let page = pictures.join("report.html");
    std::fs::write(&page, report.html()).unwrap();

    let mut node = Command::new("node");
    node.arg(folder.join("look.mjs")).arg(&page).arg(pictures);
    let output = tokio::task::spawn_blocking(move || node.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let views: Vec<View> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(views.len(), 4);
    for view in &views {
        assert_eq!(view.console, [""; 0], "{view:?}");
        assert_eq!(view.requests, [""; 0], "{view:?}");
        assert!(!view.owned && view.scripts == 1, "something from outside came through: {view:?}");
        assert!(view.overflow <= 0 && view.sticks_out.is_empty(), "wider than the screen: {view:?}");
        assert!(view.faint.is_empty() && view.smallest >= 11.0 && view.narrowest >= 200.0, "hard to read: {view:?}");
        assert_eq!((view.squares, view.rows), (report.results.len(), report.results.len()), "{view:?}");
        assert!(view.hidden && view.led, "{view:?}");
        let headings = [
            "What has to be mended",
            "All cases at a glance",
            "How long the answers took",
            "When the webhook would be switched off",
            "Every case",
        ];
        let foreseen = !report.deactivations.is_empty();
        let mut headings = headings.into_iter().filter(|heading| foreseen || !heading.starts_with("When"));
        let mut found = view.headings.iter();
        assert!(headings.all(|heading| found.any(|found| found == heading)), "{view:?}");
        assert!(view.headings[0].contains("Not conformant: 2 of "), "{view:?}");
        assert!(std::fs::metadata(&view.screenshot).unwrap().len() > 10_000, "{} is empty", view.screenshot);
    }
    for scheme in ["light", "dark"] {
        assert!(views.iter().any(|view| view.width == 360 && view.color_scheme == scheme));
    }
    assert_ne!(views[0].background, views[1].background, "light and dark are the same");
}
