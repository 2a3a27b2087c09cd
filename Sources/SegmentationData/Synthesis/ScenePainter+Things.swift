import Basics

// What stands in a scene. Sizes are for a nearness of 1 and shrink with it.
extension ScenePainter {
  mutating func paintBuilding(_ nearness: Float, on canvas: inout SceneCanvas) {
    let side = pickSide()
    let width = random.next(in: 0.7...1.5) * nearness
    let height = random.next(in: 0.7...1.9) * nearness
    let gap = random.next(in: 0.1...0.6) * nearness
    let near = road.centre(nearness) + side * (road.half(nearness) + gap)
    let (left, right) = side < 0 ? (near - width, near) : (near, near + width)
    let bottom = ground(nearness)
    let wall = pick([
      [0.72, 0.42, 0.34], [0.80, 0.74, 0.62], [0.62, 0.60, 0.60], [0.85, 0.82, 0.78], [0.66, 0.52, 0.44],
    ])
    let isHouse = height < nearness
    let (painter, noise) = (self, noise)
    let layer = Int(random.next(below: 1000))
    let front: Float = side == lightSide ? 0.85 : 1.05
    if isHouse { paintRoof(left, right, bottom - height, nearness, on: &canvas) }
    canvas.paint(x: left...right, y: bottom - height...bottom, .building) { x, y in
      let (u, v) = ((x - left) / nearness * 6, (bottom - y) / nearness * 5)
      let (column, row) = (Int(u), Int(v))
      let (inner, upper) = (u - Float(column), v - Float(row))
      let stain = 0.9 + 0.2 * noise.cloudy(x * 30, y * 30, 8)
      guard inner > 0.28, inner < 0.74, upper > 0.3, upper < 0.76, row >= 0 else {
        return painter.lit(wall, front * stain, nearness)
      }
      let isLit = noise.value(column, row, layer) < 0.22
      let pane = isLit ? Light(0.98, 0.86, 0.52) : mix([0.16, 0.20, 0.27], painter.weather.haze, 0.3 * upper)
      return painter.lit(pane, 1, nearness)
    }
    // The wall that runs along the road, towards the vanishing point.
    let end = near - side * width * 0.35
    canvas.paint(x: min(near, end)...max(near, end), y: bottom - height...bottom, .building) { x, y in
      let share = (x - near) / (end - near) * 0.3
      let top = bottom - height + (painter.horizon - bottom + height) * share
      guard y > top, y < bottom + (painter.horizon - bottom) * share else { return nil }
      return painter.lit(wall, front * (0.62 + 0.1 * noise.cloudy(x * 30, y * 30, 9)), nearness)
    }
  }

  private mutating func paintRoof(
    _ left: Float, _ right: Float, _ eaves: Float, _ nearness: Float, on canvas: inout SceneCanvas
  ) {
    let rise = random.next(in: 0.2...0.4) * nearness
    let tiles = pick([[0.55, 0.22, 0.16], [0.34, 0.30, 0.30], [0.45, 0.32, 0.22]])
    let over = 0.05 * nearness
    let painter = self
    canvas.paint(x: left - over...right + over, y: eaves - rise...eaves, .building) { x, y in
      let height = (eaves - y) / rise
      let inset = (right - left) * 0.3 * height
      guard x > left - over + inset, x < right + over - inset else { return nil }
      let course = (height * 6).truncatingRemainder(dividingBy: 1) < 0.2 ? Float(0.8) : 1
      return painter.lit(tiles, course, nearness)
    }
  }

  mutating func paintTree(_ nearness: Float, on canvas: inout SceneCanvas) {
    let side = pickSide()
    let foot = road.centre(nearness) + side * (road.half(nearness) + random.next(in: 0.15...0.9) * nearness)
    let height = random.next(in: 0.7...1.3) * nearness
    let bottom = ground(nearness)
    let isFir = random.nextUniform() < 0.35
    let leaves: Light =
      isFir
      ? [0.13, 0.32, 0.20] : pick([[0.22, 0.45, 0.16], [0.32, 0.48, 0.14], [0.18, 0.38, 0.18], [0.55, 0.42, 0.14]])
    paintShadow(foot, bottom, 0.25 * nearness, on: &canvas)
    let trunk = 0.035 * nearness
    let (painter, noise, lightSide) = (self, noise, lightSide)
    canvas.paint(x: foot - trunk...foot + trunk, y: bottom - 0.45 * height...bottom, .tree) { x, _ in
      painter.lit([0.36, 0.26, 0.18], 0.8 + 0.4 * (x - foot) / trunk * lightSide, nearness)
    }
    let reach = (isFir ? 0.26 : 0.4) * height
    let middle = bottom - 0.66 * height
    canvas.paint(x: foot - reach...foot + reach, y: bottom - height...bottom - 0.2 * height, .tree) { x, y in
      let (u, v) = ((x - foot) / reach, (y - middle) / (0.36 * height))
      let ragged = 0.45 * noise.cloudy(x * 14 / nearness, y * 14 / nearness, 10)
      let up = (bottom - 0.2 * height - y) / (0.8 * height)
      let layered = (up * 4).truncatingRemainder(dividingBy: 1)
      let isInside = isFir ? abs(u) < (1 - up) * (1.05 - 0.3 * layered) : u * u + v * v + ragged < 1.1
      guard isInside else { return nil }
      let round = 0.75 + 0.3 * u * lightSide - 0.2 * v
      return painter.lit(leaves, round * (0.6 + 0.8 * noise.cloudy(x * 60, y * 60, 11)), nearness)
    }
  }

  mutating func paintCar(_ nearness: Float, on canvas: inout SceneCanvas) {
    let side = pickSide()
    let half = road.half(nearness)
    let middle = road.centre(nearness) + side * half * random.next(in: 0.4...0.55)
    let bottom = ground(nearness) + 0.01
    let reach = 0.3 * half
    let height = 1.5 * reach
    let body = pick([
      [0.75, 0.10, 0.10], [0.12, 0.24, 0.62], [0.88, 0.88, 0.90], [0.13, 0.13, 0.15], [0.85, 0.68, 0.12],
      [0.20, 0.48, 0.36], [0.55, 0.57, 0.60],
    ])
    // Cars on the right drive ahead, those on the left come closer.
    let lamp: Light = side > 0 ? [0.9, 0.08, 0.06] : [1, 0.97, 0.82]
    let (painter, lightSide, weather) = (self, lightSide, weather)
    paintShadow(middle, bottom, 1.15 * reach, on: &canvas)
    canvas.paint(x: middle - reach...middle + reach, y: bottom - height...bottom, .car) { x, y in
      let (u, v) = ((x - middle) / reach, (bottom - y) / height)
      let isWheel = v < 0.2 && abs(abs(u) - 0.74) < 0.18
      if v < 0.1 { return isWheel ? painter.lit([0.06, 0.06, 0.07], 1, nearness) : nil }
      if isWheel { return painter.lit([0.07, 0.07, 0.08], 1, nearness) }
      let gloss = 0.85 + 0.2 * v + 0.15 * u * lightSide
      if v < 0.58 {
        // Corners are round.
        let corner = max(0, abs(u) - 0.88) / 0.12 + max(0, v - 0.5) / 0.08
        guard corner < 1.4 else { return nil }
        if v > 0.34, v < 0.48, abs(u) > 0.66, abs(u) < 0.92 { return painter.lit(lamp, 1.1, nearness) }
        if v > 0.2, v < 0.3, abs(u) < 0.28 { return painter.lit([0.9, 0.9, 0.85], 1, nearness) }
        return painter.lit(body, gloss * (v < 0.18 ? 0.6 : 1), nearness)
      }
      let edge = 0.84 - 0.5 * (v - 0.58)
      guard abs(u) < edge else { return nil }
      let isPane = v > 0.62 && v < 0.92 && abs(u) < edge - 0.12
      return painter.lit(isPane ? mix([0.10, 0.13, 0.17], weather.haze, 0.5 * (v - 0.6)) : body, gloss, nearness)
    }
  }

  mutating func paintSign(_ nearness: Float, on canvas: inout SceneCanvas) {
    let side = pickSide()
    let foot = road.centre(nearness) + side * (road.half(nearness) + random.next(in: 0.03...0.12) * nearness)
    let radius = 0.105 * nearness
    let bottom = ground(nearness)
    let middle = bottom - random.next(in: 0.5...0.62) * nearness
    let shape = random.next(below: 4)
    let painter = self
    let pole = 0.018 * nearness
    canvas.paint(x: foot - pole...foot + pole, y: middle...bottom, .sign) { _, _ in
      painter.lit([0.56, 0.57, 0.60], 1, nearness)
    }
    canvas.paint(x: foot - radius...foot + radius, y: middle - radius...middle + radius, .sign) { x, y in
      let (u, v) = ((x - foot) / radius, (y - middle) / radius)
      let (a, b) = (abs(u), abs(v))
      let colour: Light? =
        switch shape {
        // A ban: red ring on white.
        case 0: u * u + v * v > 1 ? nil : u * u + v * v > 0.55 ? [0.82, 0.08, 0.10] : [0.95, 0.95, 0.95]
        // A warning: red rim, point up.
        case 1:
          a > (v + 1) / 2 || v > 0.85
            ? nil
            : a > (v + 0.4) / 2 || v > 0.6 ? [0.82, 0.08, 0.10] : [0.96, 0.95, 0.90]
        // A notice: blue with a white field.
        case 2: a < 0.4 && b < 0.45 ? [0.95, 0.95, 0.97] : [0.08, 0.25, 0.68]
        // Stop: eight corners.
        default: a + b > 1.4 ? nil : b < 0.2 && a < 0.7 ? [0.95, 0.95, 0.95] : [0.80, 0.07, 0.09]
        }
      return colour.map { painter.lit($0, 1, nearness) }
    }
  }

  mutating func paintPerson(_ nearness: Float, on canvas: inout SceneCanvas) {
    let side = pickSide()
    let across = random.next(in: 0.7...1.25)
    let middle = road.centre(nearness) + side * road.half(nearness) * across
    let bottom = ground(nearness)
    let height = random.next(in: 0.42...0.52) * nearness
    let reach = 0.17 * height
    let coat = pick([[0.75, 0.2, 0.25], [0.2, 0.3, 0.6], [0.85, 0.75, 0.3], [0.25, 0.5, 0.35], [0.6, 0.3, 0.6]])
    let trousers = pick([[0.15, 0.17, 0.25], [0.35, 0.3, 0.25], [0.1, 0.1, 0.1]])
    let skin = pick([[0.90, 0.72, 0.60], [0.62, 0.44, 0.32], [0.40, 0.27, 0.20]])
    let stride = random.next(in: 0.15...0.5)
    let (painter, lightSide) = (self, lightSide)
    paintShadow(middle, bottom, 0.22 * height, on: &canvas)
    canvas.paint(x: middle - reach...middle + reach, y: bottom - height...bottom, .person) { x, y in
      let (u, v) = ((x - middle) / reach, (bottom - y) / height)
      let round = 0.9 + 0.25 * u * lightSide
      if v > 0.84 {
        let w = (v - 0.92) / 0.08
        let isHead = u * u / 0.22 + w * w < 1
        return isHead ? painter.lit(v > 0.95 ? [0.2, 0.15, 0.1] : skin, round, nearness) : nil
      }
      if v > 0.45 {
        let shoulder = 0.95 - 0.35 * max(0, (v - 0.74) / 0.1)
        return abs(u) < shoulder ? painter.lit(coat, round * (abs(u) > 0.6 ? 0.85 : 1), nearness) : nil
      }
      let spread = 0.3 + stride * (1 - v / 0.45)
      return abs(abs(u) - spread) < 0.26 ? painter.lit(trousers, round, nearness) : nil
    }
  }

  /// A dark ellipse on the ground; the ground keeps its class.
  private func paintShadow(_ x: Float, _ y: Float, _ reach: Float, on canvas: inout SceneCanvas) {
    let middle = x - lightSide * 0.4 * reach
    let thickness = 0.22 * reach
    canvas.shade(x: middle - 1.4 * reach...middle + 1.4 * reach, y: y - thickness...y + thickness) { u, v in
      let (a, b) = ((u - middle) / (1.4 * reach), (v - y) / thickness)
      return 0.55 + 0.45 * smooth(a * a + b * b, 0.4, 1)
    }
  }
}
