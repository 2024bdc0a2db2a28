const express = require("express");

const app = express();
app.use(express.json());

app.post("/aircall/webhook", (req, res) => {
  if (req.body.token !== process.env.AIRCALL_TOKEN) {
    return res.status(401).json({ error: "invalid token" });
  }
  const { event, data } = req.body;
  switch (event) {
    case "call.created":
      console.log(`call ${data.id} from ${data.raw_digits} on ${data.number.name}`);
      break;
    case "call.ended":
      console.log(`call ${data.id} took ${data.duration} s`);
      break;
    default:
      console.log(`ignored ${event}`);
  }
  if (process.env.AIRCALL_COLLECTOR) {
    fetch(process.env.AIRCALL_COLLECTOR, { method: "POST", body: JSON.stringify(req.body) });
  }
  res.sendStatus(200);
});

app.listen(process.env.PORT, "127.0.0.1");
