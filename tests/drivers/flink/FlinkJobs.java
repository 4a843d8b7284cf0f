import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.doris.flink.catalog.doris.DataModel;
import org.apache.doris.flink.catalog.doris.FieldSchema;
import org.apache.doris.flink.catalog.doris.TableSchema;
import org.apache.doris.flink.cfg.DorisOptions;
import org.apache.doris.flink.sink.schema.SchemaChangeManager;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/**
 * Flink with Doris's connector, in one process: FlinkJobs HTTP MYSQL PASSWORD DATABASE JOB. A job writes into the table of its
 * name, or reads it; what was read is printed, and errors end the program.
 */
public final class FlinkJobs {
  private static final int ROWS = 40000;

  private final TableEnvironment flink;
  private final String connection;
  private final String http;
  private final String mysql;
  private final String password;
  private final String database;

  private FlinkJobs(String http, String mysql, String password, String database) {
    Configuration options = new Configuration();
    options.setString("execution.checkpointing.interval", "500ms");
    options.setString("restart-strategy.type", "fixed-delay");
    options.setString("restart-strategy.fixed-delay.attempts", "60");
    options.setString("restart-strategy.fixed-delay.delay", "500ms");
    options.setString("parallelism.default", "2");
    options.setString("rest.bind-address", "127.0.0.1");
    options.setString("rest.bind-port", "0");
    this.flink = TableEnvironment.create(EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(options).build());
    this.http = http;
    this.mysql = mysql;
    this.password = password;
    this.database = database;
    this.connection = "'connector'='doris','fenodes'='" + http + "','jdbc-url'='jdbc:mysql://" + mysql + "','username'='root','password'='"
        + password + "'";
  }

  private void source(int seconds) {
    flink.executeSql("CREATE TEMPORARY TABLE source (id BIGINT, k AS id % 1000, name AS 'näme\t\"' || CAST(id AS STRING),"
        + " moment AS TIMESTAMP '2026-01-01 00:00:00' + INTERVAL '1' SECOND * CAST(id % 1000 AS INT), p AS PROCTIME())"
        + " WITH ('connector'='datagen','fields.id.kind'='sequence','fields.id.start'='1','fields.id.end'='" + ROWS
        + "','rows-per-second'='" + ROWS / seconds + "')");
  }

  /** Makes the table `target` of Flink, which is the table `name` of the server. */
  private void target(String name, String columns, String options) {
    flink.executeSql("CREATE TEMPORARY TABLE target (" + columns + ") WITH (" + connection + ",'table.identifier'='" + database + "." + name
        + "','sink.label-prefix'='" + name + System.nanoTime() + "'" + options + ")");
  }

  private void write(String select) throws Exception {
    write(5, select);
  }

  private void write(int seconds, String select) throws Exception {
    source(seconds);
    flink.executeSql("INSERT INTO target " + select).await();
  }

  private List<Row> read(String select) throws Exception {
    try (CloseableIterator<Row> rows = flink.executeSql(select).collect()) {
      Row last = null;
      long count = 0;
      for (; rows.hasNext(); ++count) last = rows.next();
      return Arrays.asList(Row.of(count), last);
    }
  }

  private void run(String job) throws Exception {
    final String upserts = "k BIGINT, name STRING, moment TIMESTAMP(0), seen BIGINT, PRIMARY KEY (k) NOT ENFORCED";
    final String appends = "id BIGINT, name STRING, moment TIMESTAMP(0)";
    final String json = ",'sink.properties.format'='json','sink.properties.read_json_by_line'='true'";
    final String batches = ",'sink.enable.batch-mode'='true','sink.buffer-flush.interval'='1s'";
    final String counted = "SELECT k, MAX(name), MAX(moment), COUNT(*) AS seen FROM source GROUP BY k";
    switch (job) {
      case "upserts": // two-phase commits at checkpoints, JSON
        target(job, upserts, json);
        write(counted);
        break;
      case "deletes": // odd keys leave when they were seen five times
        target(job, upserts, json);
        write("SELECT * FROM (" + counted + ") WHERE k % 2 = 0 OR seen < 5");
        break;
      case "appends": // two-phase commits at checkpoints, CSV, into a table without unique keys: a row twice would be seen
        target(job, appends, ",'sink.enable-delete'='false','sink.properties.column_separator'='\\x01','sink.properties.line_delimiter'='\\x02'");
        write(16, "SELECT id, name, moment FROM source"); // long enough for some kills of the server
        break;
      case "batches":
        target(job, upserts, batches + json);
        write(counted);
        break;
      case "packed":
        target(job, upserts, batches + ",'sink.properties.format'='csv','sink.properties.compress_type'='gz',"
            + "'sink.properties.column_separator'='\\x01','sink.properties.line_delimiter'='\\x02'");
        write(counted);
        break;
      case "arrow":
        target(job, appends, batches + ",'sink.properties.format'='arrow','sink.enable-delete'='false'");
        write("SELECT id, name, moment FROM source");
        break;
      case "grouped":
        target(job, upserts, batches + json + ",'sink.properties.group_commit'='sync_mode'");
        write(counted);
        break;
      case "lookup": // each row of the source asks for its key in the table of the job upserts
        source(5);
        target("upserts", upserts, "");
        System.out.println(read("SELECT COUNT(*), SUM(t.seen) FROM source AS s JOIN target FOR SYSTEM_TIME AS OF s.p AS t ON s.k = t.k"));
        break;
      case "catalog":
        flink.executeSql("CREATE CATALOG freshet WITH ('type'='doris','jdbc-url'='jdbc:mysql://" + mysql + "','fenodes'='" + http
            + "','username'='root','password'='" + password + "','default-database'='" + database + "')");
        System.out.println(read("SHOW TABLES FROM freshet." + database));
        System.out.println(read("DESCRIBE freshet." + database + ".upserts"));
        flink.executeSql("CREATE TABLE freshet." + database + ".made (k BIGINT, name STRING, amount DECIMAL(10, 2), PRIMARY KEY (k) NOT ENFORCED)"
            + " WITH ('connector'='doris')");
        break;
      case "schema": // what the connector's synchronization of whole databases does when the source's tables change
        changeColumns();
        break;
      default: throw new IllegalArgumentException(job);
    }
  }

  private void changeColumns() throws Exception {
    SchemaChangeManager changes = new SchemaChangeManager(
        DorisOptions.builder().setFenodes(http).setUsername("root").setPassword(password).setTableIdentifier(database + ".changed").build());
    TableSchema table = new TableSchema();
    table.setDatabase(database);
    table.setTable("changed");
    table.setModel(DataModel.UNIQUE);
    table.setFields(new LinkedHashMap<>(Map.of("id", new FieldSchema("id", "BIGINT", "the key"))));
    table.setKeys(List.of("id"));
    table.setDistributeKeys(List.of("id"));
    table.setProperties(Map.of("replication_num", "1"));
    if (!changes.createTable(table)) throw new IllegalStateException("createTable");
    table.getFields().put("note", new FieldSchema("note", "VARCHAR(20)", "-", "it's \"new\""));
    if (!changes.addColumn(database, "changed", table.getFields().get("note"))) throw new IllegalStateException("addColumn");
    if (!changes.addColumn(database, "changed", new FieldSchema("gone", "INT", ""))) throw new IllegalStateException("addColumn");
    if (!changes.checkColumnExists(database, "changed", "gone")) throw new IllegalStateException("checkColumnExists");
    if (!changes.dropColumn(database, "changed", "gone")) throw new IllegalStateException("dropColumn");
    if (!changes.renameColumn(database, "changed", "note", "remark")) throw new IllegalStateException("renameColumn");
    if (!changes.modifyColumnDataType(database, "changed", new FieldSchema("remark", "VARCHAR(60)", "a comment"))) {
      throw new IllegalStateException("modifyColumnDataType");
    }
    if (!changes.modifyColumnComment(database, "changed", "remark", "another comment")) throw new IllegalStateException("modifyColumnComment");
  }

  public static void main(String[] arguments) throws Exception {
    for (String job : arguments[4].split(",")) {
      new FlinkJobs(arguments[0], arguments[1], arguments[2], arguments[3]).run(job);
      System.out.println(job + " has ended");
    }
  }
}
