// go-sql-driver/mysql against a running server: main PORT PASSWORD DATABASE. Silent and 0 when all is as it should be.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func same(what string, got, want interface{}) {
	if !reflect.DeepEqual(got, want) {
		panic(fmt.Sprintf("%s: got %#v, wanted %#v", what, got, want))
	}
}

func number(db *sql.DB, query string, arguments ...interface{}) (value int64) {
	must(db.QueryRow(query, arguments...).Scan(&value))
	return value
}

func checkTypes(db *sql.DB) {
	_, err := db.Exec(`CREATE TABLE go_types (id BIGINT NOT NULL, b BOOLEAN, ti TINYINT, si SMALLINT, i INT, li LARGEINT, f FLOAT,
		d DOUBLE, de DECIMAL(20, 4), dt DATE, ts DATETIME(6), v VARCHAR(100), s STRING) UNIQUE KEY(id)`)
	must(err)
	insert, err := db.Prepare("INSERT INTO go_types VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
	must(err)
	defer insert.Close()
	day := time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)
	moment := time.Date(2026, 2, 28, 23, 59, 58, 123456000, time.UTC)
	long := strings.Repeat("grün ", 60000)
	answer, err := insert.Exec(int64(1), true, -128, -32768, -2147483648, "170141183460469231731687303715884105727", float32(1.5), 0.1,
		"1234567890123456.7891", day, moment, "Zeile\n'\"\\", long)
	must(err)
	affected, err := answer.RowsAffected()
	must(err)
	same("affected rows", affected, int64(1))
	_, err = insert.Exec(int64(2), nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil)
	must(err)

	for _, query := range []string{"SELECT * FROM go_types WHERE id = 1", "SELECT * FROM go_types WHERE id = ?", "SELECT * FROM go_types WHERE id + 0 = ?"} {
		arguments := []interface{}{}
		if strings.Contains(query, "?") {
			arguments = append(arguments, 1)
		}
		var id, ti, si, i int64
		var b bool
		var li, de, v, s string
		var f float32
		var d float64
		var dt, ts time.Time
		must(db.QueryRow(query, arguments...).Scan(&id, &b, &ti, &si, &i, &li, &f, &d, &de, &dt, &ts, &v, &s))
		same(query, []interface{}{id, b, ti, si, i, li, f, d, de, dt, ts, v, s},
			[]interface{}{int64(1), true, int64(-128), int64(-32768), int64(-2147483648), "170141183460469231731687303715884105727",
				float32(1.5), 0.1, "1234567890123456.7891", day, moment, "Zeile\n'\"\\", long})
	}
	rows, err := db.Query("SELECT * FROM go_types WHERE id = ?", 2)
	must(err)
	defer rows.Close()
	types, err := rows.ColumnTypes()
	must(err)
	names := []string{}
	for _, column := range types {
		names = append(names, column.DatabaseTypeName())
	}
	same("types", names, []string{"BIGINT", "TINYINT", "TINYINT", "SMALLINT", "INT", "VARCHAR", "FLOAT", "DOUBLE", "DECIMAL", "DATE",
		"DATETIME", "VARCHAR", "VARCHAR"})
	if !rows.Next() {
		panic("the row of NULLs is missing")
	}
	values := make([]interface{}, len(types))
	targets := make([]interface{}, len(types))
	for i := range values {
		targets[i] = &values[i]
	}
	must(rows.Scan(targets...))
	for i, value := range values[1:] {
		same("NULL in column "+types[i+1].Name(), value, nil)
	}
}

func checkTransactions(db *sql.DB) {
	_, err := db.Exec("CREATE TABLE go_counts (k BIGINT, n BIGINT) UNIQUE KEY(k)")
	must(err)
	for _, commits := range []bool{false, true} {
		transaction, err := db.BeginTx(context.Background(), &sql.TxOptions{Isolation: sql.LevelReadCommitted})
		must(err)
		_, err = transaction.Exec("INSERT INTO go_counts VALUES (?, ?), (?, ?)", 1, 10, 2, 20)
		must(err)
		if commits {
			must(transaction.Commit())
		} else {
			must(transaction.Rollback())
			same("rows after a rollback", number(db, "SELECT count(*) FROM go_counts"), int64(0))
		}
	}
	same("sum after a commit", number(db, "SELECT CAST(sum(n) AS BIGINT) FROM go_counts WHERE k IN (?, ?)", 1, 2), int64(30))
}

func checkErrors(db *sql.DB) {
	_, err := db.Query("SELECT * FROM go_missing")
	var refused *mysql.MySQLError
	if !errors.As(err, &refused) || refused.Number != 1146 {
		panic(fmt.Sprintf("an unknown table: %v", err))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	var sum float64
	err = db.QueryRowContext(ctx, "SELECT sum(sin(a.range * b.range)) FROM range(20000) a, range(2000) b").Scan(&sum)
	if err == nil {
		panic("a query outlived its context")
	}
	same("the pool goes on", number(db, "SELECT 1 + ?", 1), int64(2))
}

func main() {
	config := mysql.NewConfig()
	config.User, config.Passwd, config.DBName = "root", os.Args[2], os.Args[3]
	config.Net, config.Addr = "tcp", "127.0.0.1:"+os.Args[1]
	config.ParseTime, config.MultiStatements, config.TLSConfig = true, true, "skip-verify"
	for _, interpolates := range []bool{false, true} {
		config.InterpolateParams = interpolates
		db, err := sql.Open("mysql", config.FormatDSN())
		must(err)
		must(db.Ping())
		checkTypes(db)
		checkTransactions(db)
		checkErrors(db)
		rows, err := db.Query("SELECT 1; SELECT 2, 3; SELECT * FROM go_missing")
		must(err)
		if !rows.Next() || !rows.NextResultSet() || !rows.Next() {
			panic("several statements have several answers")
		}
		var two, three int
		must(rows.Scan(&two, &three))
		same("the second answer", []int{two, three}, []int{2, 3})
		if rows.NextResultSet() || rows.Err() == nil {
			panic("the third statement had to fail")
		}
		must(rows.Close())
		_, err = db.Exec("DROP TABLE go_types; DROP TABLE go_counts")
		must(err)
		must(db.Close())
	}
}
