// Opens a page in Chromium, as wide as a desk and as a phone, by day and by night, and prints what it found as JSON.
//
//   node look.mjs PAGE FOLDER-FOR-SCREENSHOTS
import { chromium } from "playwright-core";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const [page, folder] = process.argv.slice(2);
const address = pathToFileURL(page).href;

// Runs in the page: every text that can be seen, with the contrast to what lies behind it.
function faintTexts() {
  const channels = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("script, title") || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const [a, b] = [channels(element.closest("svg") ? style.fill : style.color), behind(element)].map(luminance);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.add(`${walker.currentNode.data.trim().slice(0, 40)}: ${contrast.toFixed(2)}`);
  }
  return [...faint];
}

function sticksOut() {
  const wide = document.documentElement.clientWidth;
  const elements = [...document.querySelectorAll("body *")].filter((element) => !element.parentElement.closest("pre, svg"));
  const out = elements.filter((element) => element.tagName !== "PRE" && element.getBoundingClientRect().right > wide + 0.5);
  return out.map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"],
});
const views = [];
for (const [width, height] of [[1100, 900], [360, 740]]) {
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, offline: true });
    const tab = await context.newPage();
    const view = { width, colorScheme, console: [], requests: [] };
    tab.on("console", (message) => view.console.push(message.text()));
    tab.on("pageerror", (error) => view.console.push(String(error)));
    tab.on("request", (request) => view.requests.push(request.url()));
    await tab.goto(address);
    view.requests = view.requests.filter((url) => url !== address && !url.startsWith("data:"));
    Object.assign(view, await tab.evaluate(() => ({
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      background: getComputedStyle(document.body).backgroundColor,
      headings: [...document.querySelectorAll("h1, h2")].map((heading) => heading.textContent.trim()),
      squares: document.querySelectorAll(".squares a").length,
      rows: document.querySelectorAll("tbody tr").length,
      // A column that is narrower than a few words makes a tower of each sentence.
      narrowest: Math.min(...[...document.querySelectorAll("tbody th, tbody td:nth-child(3)")].map((cell) => cell.getBoundingClientRect().width)),
      scripts: document.scripts.length,
      owned: window.owned ?? false,
      smallest: Math.min(...[...document.querySelectorAll("svg text, small, .badge")].map((text) => parseFloat(getComputedStyle(text).fontSize))),
    })));
    view.sticksOut = await tab.evaluate(sticksOut);
    view.faint = await tab.evaluate(faintTexts);

    // What can be done on the page.
    await tab.locator("button.copy").first().click();
    await tab.locator("button.copy", { hasText: "copied" }).first().waitFor({ timeout: 5000 });
    await tab.locator("#show-pass").uncheck();
    view.hidden = await tab.locator("tr.pass:visible").count() === 0 && await tab.locator("tr.fail:visible").count() > 0;
    // Without the rows of what passed, it is a tenth as long, and so quick to draw.
    view.screenshot = join(folder, `report-${width}-${colorScheme}.png`);
    await tab.screenshot({ path: view.screenshot, fullPage: true });
    await tab.locator(".squares a.pass").first().click();
    view.led = await tab.locator("tr:target:visible").count() === 1;
    views.push(view);
    await context.close();
  }
}
await browser.close();
console.log(JSON.stringify(views));
