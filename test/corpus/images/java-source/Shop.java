import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.logging.FileHandler;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.zip.GZIPOutputStream;
import sun.misc.Signal;

/** A small shop: pages, a price list from another service, carts as files, reports, a log that rotates by size. */
public final class Shop {
  private static final Logger log = Logger.getLogger("shop");
  private static volatile Properties settings;

  public static void main(String[] args) throws IOException {
    load();
    Signal.handle(new Signal("HUP"), signal -> load());
    FileHandler file = new FileHandler("/var/log/app/shop.%g.log", 4000, 3, true);
    file.setFormatter(new SimpleFormatter());
    log.addHandler(file);
    log.setUseParentHandlers(false);
    HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
    server.setExecutor(Executors.newFixedThreadPool(4));
    server.createContext("/", Shop::answer);
    server.start();
  }

  private static void load() {
    try (InputStream in = Files.newInputStream(Path.of("/etc/app/shop.properties"))) {
      Properties read = new Properties();
      read.load(in);
      settings = read;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    log.info(path);
    String text;
    try {
      text = page(path);
    } catch (Exception e) {
      text = e.getClass().getName();
    }
    byte[] bytes = (text == null ? "no" : text).getBytes();
    exchange.sendResponseHeaders(text == null ? 404 : 200, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private static String page(String path) throws Exception {
    switch (path) {
      case "/": {
        String now = ZonedDateTime.now().format(DateTimeFormatter.ofLocalizedDateTime(FormatStyle.FULL));
        return settings.getProperty("greeting") + " " + now;
      }
      case "/stock": return fetch(settings.getProperty("stock"));
      case "/gone": return fetch("http://127.0.0.1:9/");
      case "/cart": {
        String id = UUID.randomUUID().toString();
        Path half = Files.writeString(Path.of("/var/lib/app/" + id + ".tmp"), id);
        Files.move(half, Path.of("/var/lib/app/" + id + ".cart"));
        return id;
      }
      case "/report": {
        Path file = Files.createTempFile("report", ".csv.gz");
        try (GZIPOutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
          for (int i = 0; i < 500; i++) out.write(("item;" + i + "\n").getBytes());
        }
        long size = Files.size(file);
        Files.delete(file);
        return Long.toString(size);
      }
      case "/backup": {
        String name = "/backup/carts-" + LocalDate.now() + ".tar.gz";
        return Integer.toString(new ProcessBuilder("tar", "-czf", name, "-C", "/var/lib", "app").start().waitFor());
      }
      default: return null;
    }
  }

  private static String fetch(String url) throws IOException {
    try (InputStream in = new URL(url).openStream()) {
      return new String(in.readAllBytes());
    }
  }
}
