// As small as a receiver with Express can be: JSON by its own middleware, the token compared, 200.
const express = require("express");

const app = express();
app.use(express.json({ limit: "1mb" }));

app.post("/aircall/webhook", (req, res) => {
  res.sendStatus(req.body.token === process.env.AIRCALL_TOKEN ? 200 : 401);
});

app.listen(process.env.PORT, "127.0.0.1");
