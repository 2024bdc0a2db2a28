// As tutorials without a framework have it.
const http = require("http");

http
  .createServer((req, res) => {
    let body = "";
    req.on("data", (chunk) => (body += chunk));
    req.on("end", () => {
      const payload = JSON.parse(body);
      if (payload.token == process.env.AIRCALL_TOKEN) {
        console.log(`${payload.event} ${payload.data.id}`);
        res.writeHead(200, { "Content-Type": "application/json" });
        res.end(JSON.stringify({ received: true }));
      } else {
        res.writeHead(401);
        res.end();
      }
    });
  })
  .listen(process.env.PORT);
