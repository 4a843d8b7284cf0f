// mysql2 against a running server: main.js PORT PASSWORD DATABASE. Silent and 0 when all is as it should be.
"use strict";
const assert = require("node:assert/strict");
const mysql = require("mysql2/promise");

const [port, password, database] = process.argv.slice(2);
const options = { host: "127.0.0.1", port: Number(port), user: "root", password, database, timezone: "Z", supportBigNumbers: true,
  dateStrings: true };
const LONG = "grün ".repeat(60000);

async function checkTypes(connection) {
  await connection.query(`CREATE TABLE node_types (id BIGINT NOT NULL, b BOOLEAN, ti TINYINT, si SMALLINT, i INT, li LARGEINT, f FLOAT,
    d DOUBLE, de DECIMAL(20, 4), dt DATE, ts DATETIME(6), v VARCHAR(100), s STRING, j JSON) UNIQUE KEY(id)`);
  const values = ["9007199254740993", true, -128, -32768, -2147483648, "170141183460469231731687303715884105727", 1.5, 0.1,
    "1234567890123456.7891", "2026-02-28", "2026-02-28 23:59:58.123456", "Zeile\n'\"\\", LONG, '{"a": [1, null]}'];
  const [answer] = await connection.execute(`INSERT INTO node_types VALUES (${values.map(() => "?")})`, values);
  assert.equal(answer.affectedRows, 1);
  await connection.query("INSERT INTO node_types (id) VALUES (?)", [2]);

  const texts = [["query", "SELECT * FROM node_types WHERE id = ?"], ["execute", "SELECT * FROM node_types WHERE id = ?"],
    ["execute", "SELECT * FROM node_types WHERE id + 0 = ?"]];
  for (const [way, text] of texts) {
    const [[row], fields] = await connection[way](text, [values[0]]);
    assert.deepEqual(fields.map((field) => field.name), ["id", "b", "ti", "si", "i", "li", "f", "d", "de", "dt", "ts", "v", "s", "j"]);
    assert.deepEqual({ ...row }, { id: "9007199254740993", b: 1, ti: -128, si: -32768, i: -2147483648,
      li: "170141183460469231731687303715884105727", f: 1.5, d: 0.1, de: "1234567890123456.7891", dt: "2026-02-28",
      ts: "2026-02-28 23:59:58.123456", v: "Zeile\n'\"\\", s: LONG, j: { a: [1, null] } }, `${way} ${text}`);
    const [[empty]] = await connection[way](text, [2]);
    assert.deepEqual(new Set(Object.values(empty)), new Set([2, null]));
  }
}

async function checkTransactions(connection) {
  await connection.query("CREATE TABLE node_counts (k BIGINT, n BIGINT) UNIQUE KEY(k)");
  await connection.beginTransaction();
  await connection.query("INSERT INTO node_counts VALUES ?", [[[1, 10], [2, 20]]]);
  await connection.rollback();
  assert.deepEqual((await connection.query("SELECT count(*) AS n FROM node_counts"))[0][0].n, 0);
  await connection.beginTransaction();
  await connection.query("INSERT INTO node_counts VALUES ?", [[[1, 10], [2, 20]]]);
  await connection.commit();
  const [changed] = await connection.execute("UPDATE node_counts SET n = n + 1 WHERE k = ?", [1]);
  assert.equal(changed.affectedRows, 1);
  assert.match(changed.info, /^Rows matched: 1 {2}Changed: 1/);
  const [rows] = await connection.query({ sql: "SELECT k, n FROM node_counts ORDER BY k", rowsAsArray: true });
  assert.deepEqual(rows, [[1, 11], [2, 20]]);
}

async function checkErrors(connection) {
  await assert.rejects(connection.query("SELECT * FROM node_missing"), { errno: 1146, sqlState: "42S02" });
  await assert.rejects(connection.execute("SELECT * FROM node_missing WHERE k = ?", [1]), { errno: 1146 });
  const [answers] = await connection.query("SELECT 1 AS a; SELECT 2 AS b");
  assert.deepEqual(answers.map((rows) => ({ ...rows[0] })), [{ a: 1 }, { b: 2 }]);
  await assert.rejects(connection.query("SELECT 1; SELECT * FROM node_missing; SELECT 2"), { errno: 1146 });
  await connection.ping();
}

async function main() {
  for (const more of [{}, { compress: true }, { ssl: { rejectUnauthorized: false } }]) {
    const connection = await mysql.createConnection({ ...options, multipleStatements: true, ...more });
    await checkTypes(connection);
    await checkTransactions(connection);
    await checkErrors(connection);
    await connection.changeUser({ user: "root", password, database });
    await connection.query("DROP TABLE node_types");
    await connection.query("DROP TABLE node_counts");
    await connection.end();
  }
  const pool = mysql.createPool({ ...options, connectionLimit: 4 });
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => pool.execute("SELECT ? + 1 AS n", [i])));
  assert.deepEqual(answers.map(([[row]]) => Number(row.n)), Array.from({ length: 50 }, (_, i) => i + 1));
  await pool.end();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
