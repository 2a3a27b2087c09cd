import Basics

/// The plan of one scene: where the camera looks, how the light falls, what stands where.
struct ScenePainter {
  var random: Philox
  let aspect: Float
  let noise: SceneNoise
  let grain: SceneNoise
  let weather: Weather
  /// Where the ground ends.
  let horizon: Float
  /// -1: light comes from the left, 1: from the right.
  let lightSide: Float
  let road: Road

  init(_ random: Philox, aspect: Float) {
    var random = random
    self.aspect = aspect
    noise = SceneNoise(seed: random.nextUInt64())
    grain = SceneNoise(seed: random.nextUInt64())
    weather = Weather.all[Int(random.next(below: UInt32(Weather.all.count)))]
    horizon = random.next(in: 0.36...0.5)
    lightSide = random.nextUniform() < 0.5 ? -1 : 1
    road = Road(&random, aspect: aspect)
    self.random = random
  }

  /// The road on the ground. `nearness` is 0 at the horizon and 1 at the lower edge: sizes grow with it.
  struct Road {
    let vanishing: Float
    let base: Float
    let bend: Float
    let halfWidth: Float

    init(_ random: inout Philox, aspect: Float) {
      vanishing = aspect * random.next(in: 0.35...0.65)
      base = aspect * random.next(in: 0.35...0.65)
      bend = random.next(in: -0.35...0.35)
      halfWidth = aspect * random.next(in: 0.26...0.42)
    }

    func centre(_ nearness: Float) -> Float {
      vanishing + (base - vanishing) * nearness + bend * nearness * (1 - nearness)
    }
    func half(_ nearness: Float) -> Float { halfWidth * nearness + 0.006 }
  }

  struct Weather {
    let zenith: Light
    let haze: Light
    let sun: Light
    let clouds: Float

    static let all = [
      Weather(zenith: [0.24, 0.46, 0.84], haze: [0.76, 0.86, 0.95], sun: [1, 0.98, 0.93], clouds: 0.5),
      Weather(zenith: [0.27, 0.30, 0.56], haze: [0.97, 0.68, 0.46], sun: [1, 0.80, 0.62], clouds: 0.55),
      Weather(zenith: [0.58, 0.62, 0.68], haze: [0.83, 0.85, 0.87], sun: [0.84, 0.87, 0.90], clouds: 0.3),
      Weather(zenith: [0.44, 0.62, 0.86], haze: [0.98, 0.91, 0.80], sun: [1, 0.93, 0.83], clouds: 0.6),
    ]
  }

  private enum Thing: CaseIterable {
    case building, tree, car, sign, person

    var label: SceneClass {
      switch self {
      case .building: .building
      case .tree: .tree
      case .car: .car
      case .sign: .sign
      case .person: .person
      }
    }
  }

  /// - Returns: of what class each thing is that the canvas numbers, from 1 on.
  mutating func paint(on canvas: inout SceneCanvas) -> [SceneClass] {
    paintSky(on: &canvas)
    paintHills(on: &canvas)
    paintGround(on: &canvas)
    // Far things first: near ones hide them.
    let things = things()
    for (index, (thing, nearness)) in things.enumerated() {
      canvas.number = UInt16(index + 1)
      switch thing {
      case .building: paintBuilding(nearness, on: &canvas)
      case .tree: paintTree(nearness, on: &canvas)
      case .car: paintCar(nearness, on: &canvas)
      case .sign: paintSign(nearness, on: &canvas)
      case .person: paintPerson(nearness, on: &canvas)
      }
    }
    return things.map(\.0.label)
  }

  private mutating func things() -> [(Thing, Float)] {
    var things: [(Thing, Float)] = []
    let amounts: [(Thing, Int, ClosedRange<Float>)] = [
      (.building, 3, 0.12...0.5), (.tree, 3, 0.12...0.75), (.car, 1, 0.22...0.8), (.sign, 1, 0.4...0.85),
      (.person, 1, 0.4...0.9),
    ]
    for (thing, least, range) in amounts {
      for _ in 0..<least + Int(random.next(below: 3)) { things.append((thing, random.next(in: range))) }
    }
    return things.sorted { $0.1 < $1.1 }
  }

  /// Where the ground of this nearness is.
  func ground(_ nearness: Float) -> Float { horizon + (1 - horizon) * nearness }

  /// A surface's colour in this weather: lit, and pale in the distance.
  func lit(_ colour: Light, _ brightness: Float, _ nearness: Float) -> Light {
    let far = (1 - nearness) * (1 - nearness)
    return mix(colour * weather.sun * brightness, weather.haze, 0.45 * far)
  }

  mutating func pick(_ colours: [Light]) -> Light { colours[Int(random.next(below: UInt32(colours.count)))] }
  mutating func pickSide() -> Float { random.nextUniform() < 0.5 ? -1 : 1 }

  private mutating func paintSky(on canvas: inout SceneCanvas) {
    let sunX = random.next(in: 0...aspect)
    let sunY = random.next(in: 0.05...0.3)
    let (noise, weather, horizon) = (noise, weather, horizon)
    canvas.paint(x: 0...aspect, y: 0...1, .sky) { x, y in
      let depth = clamped(y / horizon)
      var light = mix(weather.zenith, weather.haze, depth * depth)
      let distance = ((x - sunX) * (x - sunX) + (y - sunY) * (y - sunY)).squareRoot()
      light = mix(light, weather.sun, 0.8 * (1 - smooth(distance, 0.02, 0.3)))
      let cloud = smooth(noise.cloudy(x * 3, y * 7, 1), weather.clouds, weather.clouds + 0.3)
      return mix(light, Light(0.97, 0.97, 0.98) * weather.sun, 0.75 * cloud * (1 - 0.6 * depth))
    }
  }

  /// Woods along the horizon.
  private mutating func paintHills(on canvas: inout SceneCanvas) {
    let rise = random.next(in: 0.02...0.09)
    let offset = random.next(in: 0...50)
    let (noise, painter) = (noise, self)
    canvas.paint(x: 0...aspect, y: 0...horizon + 0.01, .tree) { x, y in
      let top = painter.horizon - rise * (0.3 + noise.cloudy(x * 4 + offset, 0, 2))
      guard y > top else { return nil }
      let leaf = noise.cloudy(x * 40, y * 40, 3)
      return painter.lit(Light(0.16, 0.33, 0.17), 0.7 + 0.6 * leaf, 0.25)
    }
  }

  private mutating func paintGround(on canvas: inout SceneCanvas) {
    let dry = random.nextUniform()
    let asphalt = random.next(in: 0.30...0.46)
    let (noise, painter, road) = (noise, self, road)
    canvas.paint(x: 0...aspect, y: horizon...1, .grass) { x, y in
      let nearness = (y - painter.horizon) / (1 - painter.horizon)
      // Texture shrinks towards the horizon as the ground itself does.
      let depth = 1 / (nearness + 0.06)
      let blade = noise.cloudy((x - road.vanishing) * depth * 14, depth * 20, 4)
      let patch = noise.smoothValue((x - road.vanishing) * depth * 2, depth * 4, 5)
      let green = mix(Light(0.26, 0.47, 0.16), Light(0.52, 0.50, 0.24), 0.5 * dry + 0.3 * patch)
      return painter.lit(green, 0.65 + 0.6 * blade, nearness)
    }
    canvas.paint(x: 0...aspect, y: horizon...1, .road) { x, y in
      let nearness = (y - painter.horizon) / (1 - painter.horizon)
      let across = (x - road.centre(nearness)) / road.half(nearness)
      guard abs(across) < 1 else { return nil }
      let depth = 1 / (nearness + 0.06)
      let stone = noise.cloudy(across * 12, depth * 26, 6)
      let isDash = abs(across) < 0.025 && (depth * 2.2).truncatingRemainder(dividingBy: 1) < 0.5
      let isEdge = abs(abs(across) - 0.93) < 0.02
      let base = Light(asphalt, asphalt, asphalt * 1.04) * (0.8 + 0.4 * stone)
      return painter.lit(isDash || isEdge ? Light(0.88, 0.87, 0.82) : base, 1, nearness)
    }
  }
}
