import java.math.BigDecimal;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** MySQL Connector/J against a running server: ConnectorJ PORT PASSWORD DATABASE. Silent and 0 when all is as it should be. */
public class ConnectorJ {
    static final String LONG = "grün ".repeat(60000);
    static final LocalDateTime MOMENT = LocalDateTime.of(2026, 2, 28, 23, 59, 58, 123456000);

    static void same(String what, Object got, Object wanted) {
        if (!Objects.equals(got, wanted)) {
            throw new AssertionError(what + ": got " + got + ", wanted " + wanted);
        }
    }

    static long number(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    static void run(Connection connection, String text) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(text);
        }
    }

    static void checkTypes(Connection connection) throws SQLException {
        run(connection, "CREATE TABLE j_types (id BIGINT NOT NULL COMMENT 'the key', b BOOLEAN, ti TINYINT, si SMALLINT, i INT, li LARGEINT,"
            + " f FLOAT, d DOUBLE, de DECIMAL(20, 4), dt DATE, ts DATETIME(6), v VARCHAR(100), s STRING) UNIQUE KEY(id)");
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO j_types VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")) {
            insert.setLong(1, 1);
            insert.setBoolean(2, true);
            insert.setByte(3, (byte) -128);
            insert.setShort(4, (short) -32768);
            insert.setInt(5, Integer.MIN_VALUE);
            insert.setString(6, "170141183460469231731687303715884105727");
            insert.setFloat(7, 1.5f);
            insert.setDouble(8, 0.1);
            insert.setBigDecimal(9, new BigDecimal("1234567890123456.7891"));
            insert.setDate(10, Date.valueOf("2026-02-28"));
            insert.setObject(11, MOMENT);
            insert.setString(12, "Zeile\n'\"\\");
            insert.setCharacterStream(13, new java.io.StringReader(LONG));
            same("affected rows", insert.executeUpdate(), 1);
            insert.clearParameters();
            insert.setLong(1, 2);
            for (int i = 2; i <= 13; i++) {
                insert.setNull(i, Types.VARCHAR);
            }
            insert.executeUpdate();
        }
        for (String query : List.of("SELECT * FROM j_types WHERE id = ?", "SELECT * FROM j_types WHERE id + 0 = ?")) {
            try (PreparedStatement select = connection.prepareStatement(query)) {
                select.setLong(1, 1);
                try (ResultSet row = select.executeQuery()) {
                    row.next();
                    same(query, Arrays.asList(row.getLong(1), row.getObject(2), row.getByte(3), row.getShort(4), row.getInt(5), row.getString(6),
                        row.getFloat(7), row.getDouble(8), row.getBigDecimal(9), row.getDate(10), row.getObject(11, LocalDateTime.class),
                        row.getString(12), row.getString(13)),
                        Arrays.asList(1L, true, (byte) -128, (short) -32768, Integer.MIN_VALUE, "170141183460469231731687303715884105727", 1.5f,
                            0.1, new BigDecimal("1234567890123456.7891"), Date.valueOf("2026-02-28"), MOMENT, "Zeile\n'\"\\", LONG));
                    ResultSetMetaData columns = row.getMetaData();
                    List<String> types = new ArrayList<>();
                    for (int i = 1; i <= columns.getColumnCount(); i++) {
                        types.add(columns.getColumnTypeName(i));
                    }
                    same("types", types, List.of("BIGINT", "BIT", "TINYINT", "SMALLINT", "INT", "VARCHAR", "FLOAT", "DOUBLE", "DECIMAL", "DATE",
                        "DATETIME", "VARCHAR", "VARCHAR"));
                    same("precision", List.of(columns.getPrecision(9), columns.getScale(9)), List.of(20, 4));
                }
                select.setLong(1, 2);
                try (ResultSet row = select.executeQuery()) {
                    row.next();
                    for (int i = 2; i <= 13; i++) {
                        same("NULL", row.getObject(i), null);
                    }
                }
            }
        }
    }

    static void checkWrites(Connection connection) throws SQLException {
        run(connection, "CREATE TABLE j_counts (k BIGINT NOT NULL AUTO_INCREMENT, n BIGINT) UNIQUE KEY(k)");
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO j_counts (n) VALUES (?)", Statement.RETURN_GENERATED_KEYS)) {
            insert.setLong(1, 7);
            insert.executeUpdate();
            try (ResultSet keys = insert.getGeneratedKeys()) {
                keys.next();
                same("generated key", keys.getLong(1), number(connection, "SELECT k FROM j_counts WHERE n = 7"));
            }
            for (long n = 0; n < 300; n++) {
                insert.setLong(1, 1000 + n);
                insert.addBatch();
            }
            same("batch", insert.executeBatch().length, 300);
        }
        same("rows", number(connection, "SELECT count(*) FROM j_counts"), 301L);
        connection.setAutoCommit(true);
        run(connection, "BEGIN");
        run(connection, "DELETE FROM j_counts WHERE n >= 1000");
        run(connection, "ROLLBACK");
        same("rows after a rollback", number(connection, "SELECT count(*) FROM j_counts"), 301L);
        try (Statement statement = connection.createStatement()) {
            same("found rows", statement.executeUpdate("UPDATE j_counts SET n = 7 WHERE n = 7"), 1);
            statement.setMaxRows(5);
            try (ResultSet rows = statement.executeQuery("SELECT n FROM j_counts ORDER BY n DESC")) {
                int count = 0;
                while (rows.next()) {
                    count++;
                }
                same("setMaxRows", count, 5);
            }
        }
        same("rows after setMaxRows", number(connection, "SELECT count(*) FROM j_counts"), 301L);
    }

    /** Rows piece by piece, with another statement between them. */
    static void checkFetchSize(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("SELECT k, n, concat('row ', n) FROM j_counts WHERE n >= ? ORDER BY n")) {
            select.setFetchSize(7);
            for (int times = 0; times < 2; times++) {
                select.setLong(1, 1000);
                try (ResultSet rows = select.executeQuery()) {
                    for (long n = 1000; n < 1300; n++) {
                        same("a row", rows.next(), true);
                        same("the row", List.of(rows.getLong(2), rows.getString(3)), List.of(n, "row " + n));
                        if (n == 1100) {
                            same("a statement between", number(connection, "SELECT count(*) FROM j_counts WHERE n = 7"), 1L);
                            if (times == 1) {
                                break;
                            }
                        }
                    }
                    same("the end", rows.next(), times == 1);
                }
            }
        }
    }

    static List<String> column(ResultSet rows, String... names) throws SQLException {
        List<String> found = new ArrayList<>();
        while (rows.next()) {
            List<String> cells = new ArrayList<>();
            for (String name : names) {
                cells.add(rows.getString(name));
            }
            found.add(String.join(" ", cells));
        }
        rows.close();
        return found;
    }

    static void checkMetadata(Connection connection, String database) throws SQLException {
        DatabaseMetaData metadata = connection.getMetaData();
        same("databases", column(metadata.getCatalogs(), "TABLE_CAT").contains(database), true);
        same("tables", column(metadata.getTables(database, null, "j%", new String[] {"TABLE"}), "TABLE_NAME", "TABLE_TYPE"),
            List.of("j_counts TABLE", "j_types TABLE"));
        same("columns", column(metadata.getColumns(database, null, "j_types", "%"), "COLUMN_NAME", "TYPE_NAME", "COLUMN_SIZE"),
            List.of("id BIGINT 19", "b BOOLEAN 3", "ti TINYINT 3", "si SMALLINT 5", "i INT 10", "li INT 10", "f FLOAT 12", "d DOUBLE 22", "de DECIMAL 20",
                "dt DATE 10", "ts DATETIME 26", "v VARCHAR 100", "s CHAR 1"));
        same("remarks", column(metadata.getColumns(database, null, "j_types", "id"), "REMARKS"), List.of("the key"));
        same("primary keys", column(metadata.getPrimaryKeys(database, null, "j_types"), "COLUMN_NAME", "KEY_SEQ", "PK_NAME"), List.of("id 1 PRIMARY"));
        same("indexes", column(metadata.getIndexInfo(database, null, "j_types", false, true), "INDEX_NAME", "COLUMN_NAME", "NON_UNIQUE"),
            List.of("PRIMARY id false"));
        same("foreign keys", column(metadata.getImportedKeys(database, null, "j_types"), "FK_NAME"), List.of());
        same("procedures", column(metadata.getProcedures(database, null, "%"), "PROCEDURE_NAME"), List.of());
        same("functions", column(metadata.getFunctions(database, null, "%"), "FUNCTION_NAME"), List.of());
        same("types", column(metadata.getTypeInfo(), "TYPE_NAME").contains("BIGINT"), true);
    }

    static void checkErrors(Connection connection) throws SQLException {
        try {
            run(connection, "SELECT * FROM j_missing");
            throw new AssertionError("an unknown table was found");
        } catch (SQLException error) {
            same("an unknown table", List.of(error.getErrorCode(), error.getSQLState()), List.of(1146, "42S02"));
        }
        try (Statement statement = connection.createStatement()) {
            same("first answer", statement.execute("SELECT 1; UPDATE j_counts SET n = 8 WHERE n = 7; SELECT 3"), true);
            same("second answer", statement.getMoreResults(), false);
            same("its count", statement.getUpdateCount(), 1);
            same("third answer", statement.getMoreResults(), true);
            statement.setQueryTimeout(1);
            try {
                statement.executeQuery("SELECT sum(sin(a.n + b.n * c.n + d.n)) FROM j_counts a, j_counts b, j_counts c, j_counts d").close();
                throw new AssertionError("a query outlived its timeout");
            } catch (java.sql.SQLTimeoutException expected) {
                same("after a timeout", number(connection, "SELECT 5"), 5L);
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        String database = arguments[2];
        String url = "jdbc:mysql://127.0.0.1:" + arguments[0] + "/" + database + "?user=root&password="
            + URLEncoder.encode(arguments[1], StandardCharsets.UTF_8) + "&allowMultiQueries=true&connectionTimeZone=UTC&allowPublicKeyRetrieval=true&useInformationSchema=false";
        for (String mode : List.of("&useServerPrepStmts=false&sslMode=DISABLED&rewriteBatchedStatements=true", "&useServerPrepStmts=true&sslMode=REQUIRED",
            "&useServerPrepStmts=true&useCursorFetch=true&cachePrepStmts=true&useCompression=true")) {
            try (Connection connection = DriverManager.getConnection(url + mode)) {
                checkTypes(connection);
                checkWrites(connection);
                checkFetchSize(connection);
                checkMetadata(connection, database);
                checkErrors(connection);
                run(connection, "DROP TABLE j_types");
                run(connection, "DROP TABLE j_counts");
            } catch (Throwable error) {
                throw new AssertionError(mode, error);
            }
        }
    }
}
